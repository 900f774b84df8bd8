/** Runs a service over each transport, ends both and does nothing more: the process has to end by itself. */
import { run } from "../../../entries/client_run.ts";
import { say } from "../../kit/child.ts";

const url = process.argv[2] ?? "";

for (const transport of ["platform", "ws"] as const) {
  const codes: number[] = [];
  const running = await run(
    url,
    {
      onOpen: () => "hello",
      onTextMessage: () => void running.close(4000),
      onClose: (_caller, statusCode) => void codes.push(statusCode),
    },
    { transport, idleTimeout: 30, retryConfig: {} },
  );
  const { code } = await running.closed;
  say([transport, code, codes]);
}
