/** A cluster as the page on deploying has it: two workers on one port, and a primary that hands its SIGTERM on. It ends once they have. */
import cluster from "node:cluster";
import process from "node:process";
import { Listener } from "../../../mod.ts";
import { say } from "../../kit/child.ts";

if (cluster.isPrimary) {
  const [port = "0"] = process.argv.slice(2);
  let listening = 0;
  for (let i = 0; i < 2; i++) {
    const worker = cluster.fork({ LISTENS_ON: port });
    worker.on("message", () => ++listening === 2 && say("listening"));
  }
  cluster.on("exit", () => {
    if (Object.keys(cluster.workers ?? {}).length === 0) process.exit();
  });
  process.on("SIGTERM", () => {
    for (const worker of Object.values(cluster.workers ?? {})) {
      if (worker?.process.pid !== undefined) process.kill(worker.process.pid, "SIGTERM");
    }
  });
} else {
  const listener = new Listener(Number(process.env.LISTENS_ON), { engine: "node", host: "127.0.0.1" });
  listener.attach("/", () => ({
    onOpen: () => "open",
    async onClose(_caller, statusCode) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      say({ closed: statusCode });
    },
  }));
  await listener.start();
  process.on("SIGTERM", async () => {
    await listener.gracefulStop({ deadline: 8 });
    process.exit();
  });
  process.send?.("listening");
}
