/** What every transport makes of servers that mean harm (rules L13 and G12). */
import assert from "node:assert/strict";
import { ConnectionError, InvalidHandshakeError } from "../../mod.ts";
import { badFrames, badHandshakes } from "../kit/hostile.ts";
import { serve } from "../kit/raw_server.ts";
import { dial, everyText, gapTest, transports } from "./client_transport_support.ts";

const SECRET = "hunter2-hunter2";

for (const transport of transports) {
  const { refusals = false } = transport;

  for (const { name, answer } of badHandshakes) {
    // How long an attempt may take is the core's.
    if (name === "a head that never ends") continue;
    gapTest(transport.name, name, `${transport.name}: G12 ${name} is refused`, async (own, patience) => {
      const server = own(await serve(answer));
      const { line } = own(dial(transport, `${server.url}/?token=${SECRET}`));
      line.patience = patience;
      await line.until("the outcome", () => line.told.length > 0);
      assert.deepEqual(line.told, ["refused"]);
      await server.until("the end", () => server.open === 0);
      assert.deepEqual(line.told, ["refused"]);
      assert.doesNotMatch(everyText(line.refusal), new RegExp(SECRET));
      const isAnswered = !name.includes("without an answer");
      if (refusals && isAnswered) assert.ok(line.refusal instanceof InvalidHandshakeError, line.refusal?.message ?? "");
      if (refusals && !isAnswered) assert.ok(line.refusal instanceof ConnectionError, line.refusal?.message ?? "");
    });
  }

  for (const { name, answer, codes } of badFrames) {
    gapTest(transport.name, name, `${transport.name}: G12 ${name} ends the connection`, async (own, patience) => {
      const server = own(await serve(answer));
      const { line } = own(dial(transport, server.url));
      line.patience = patience;
      await line.heard("closed");
      const [opened, failed, closed] = line.told.length === 2 ? [line.told[0], "", line.told[1]] : line.told;
      assert.equal(opened, "opened", line.told.join());
      assert.match(closed ?? "", /^closed 10/);
      assert.equal(line.messages.length, 0);
      if (!refusals) return;
      assert.equal(closed, `closed ${line.fault?.code}`);
      assert.ok(codes.includes(line.fault?.code ?? 0), failed);
      const { code } = await (await server.attempt(1)).ended();
      assert.ok(codes.includes(code ?? 0), `${code}`);
    });
  }
}
