/** The client's core, without a network: one process for all of it, for each takes longer to start than its tests. */
import "./client_core/credential.ts";
import "./client_core/end.ts";
import "./client_core/hooks.ts";
import "./client_core/network.ts";
import "./client_core/reads.ts";
import "./client_core/retry.ts";
import "./client_core/walk.ts";
import "./client_core/writes.ts";
