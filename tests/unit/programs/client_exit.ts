/** Dials one URL after another, gives each connection or attempt up, and has nothing left to do. Arguments: the transport, then `what=url`. */
import process from "node:process";
import { dial, transports } from "../client_transport_support.ts";

const [name, ...jobs] = process.argv.slice(2);
const transport = transports.find((one) => one.name === name);
if (transport === undefined) throw new Error(`No transport "${name}"`);

for (const job of jobs) {
  const [what = "", url = ""] = job.split("=");
  const { line, socket } = dial(transport, url, { protocols: what === "protocol" ? ["one"] : [], maxFrameSize: 100 });
  switch (what) {
    case "refused":
    case "protocol":
      await line.heard("refused");
      break;
    case "ended":
      await line.heard("closed");
      break;
    case "close":
      await line.heard("opened");
      socket.close(1000);
      await line.heard("closed");
      break;
    case "unanswered":
      await line.heard("opened");
      socket.close(1000);
      socket.terminate?.();
      break;
    case "given-up":
      if (socket.terminate !== undefined) socket.terminate();
      else socket.close();
      break;
    case "given-up-later":
      await new Promise((resolve) => {
        setTimeout(resolve, 50);
      });
      if (socket.terminate !== undefined) socket.terminate();
      else socket.close();
      break;
    default:
      throw new Error(`No job "${what}"`);
  }
}
process.stdout.write("done\n");
const done = performance.now();
process.on("exit", () => process.stdout.write(`${Math.round(performance.now() - done)}\n`));
