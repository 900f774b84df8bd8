/** The client with a contract: one process for all of it, for each takes longer to start than its tests. */
import "./contract_client/answers.ts";
import "./contract_client/exit.ts";
import "./contract_client/flow.ts";
import "./contract_client/pushes.ts";
import "./contract_client/streams.ts";
import "./contract_client/walk.ts";
