// The page's script: a plain module. The import map of index.html says where the client is; a bundler finds it by its name.
import { Client } from "@switchboard/websocket/client";

const metrics = [
  { name: "cpu", label: "Processors in use", unit: "%", least: 100 },
  { name: "memory", label: "Memory of the server", unit: "MiB", least: 50 },
  { name: "delay", label: "Lateness of its timers", unit: "ms", least: 10 },
  { name: "pages", label: "Pages that look", unit: "", least: 4 },
];
const SPAN = 60_000; // milliseconds that a chart shows at most
const GAP = 1000; // without a sample the line breaks

const $ = (selector) => document.querySelector(selector);
const cards = metrics.map(addCard);
let samples = []; // they stay while the connection is down
let client;
let attempt; // { count, due } of the one that follows

// ---- The connection

async function run() {
  showState("connecting", "Connecting");
  $("#notice").hidden = true;
  try {
    // Relative to the page. The first attempt of a page is final; a connection that was open comes back.
    client = await Client.connect("metrics", { retryConfig: { backOffFactor: 2, maxWaitInterval: 10 } });
    client.addEventListener("reconnecting", reconnecting);
    client.addEventListener("open", opened);
    client.onReconnect(subscribe); // the new connection knows nothing of what the old one was told
    await subscribe(client);
    opened();
    for await (const message of client) received(JSON.parse(message)); // over all connections
    const { code, reason } = await client.closed;
    ended(`The server has ended the connection: ${code} ${reason}`);
  } catch (error) {
    ended(`${error.message}.`);
  }
}

async function subscribe(connection) {
  await connection.writeMessage({ interval: Number($("#bar").elements.interval.value) });
}

function opened() {
  attempt = undefined;
  $("#notice").hidden = true;
  $("main").classList.remove("stale");
  showState("open", "Connected");
}

function reconnecting({ attempt: count, wait, cause }) {
  if (attempt === undefined) showNotice(`${cause.message}. The numbers are the last that came.`);
  attempt = { count, due: Date.now() + wait * 1000 };
  $("main").classList.add("stale");
  showWait();
}

function ended(why) {
  $("main").classList.add("stale");
  showState("closed", "Disconnected");
  showNotice(why, true);
}

function received({ samples: pushed = [] }) {
  const last = samples.at(-1)?.at ?? 0;
  const fresh = pushed.filter(({ at }) => at > last); // each connection begins with the last minute
  if (fresh.length === 0) return;
  samples.push(...fresh);
  const { at: end } = samples.at(-1);
  samples = samples.filter(({ at }) => at >= end - SPAN);
  for (const draw of cards) draw();
  $("#updated").textContent = `Updated ${new Date(end).toLocaleTimeString()}`;
}

// ---- What is shown

function addCard({ name, label, unit, least }) {
  const card = $("main template").content.cloneNode(true).firstElementChild;
  const part = (selector) => card.querySelector(selector);
  part("h2").textContent = label;
  part("small").textContent = unit;
  $("main").append(card);
  return () => {
    const values = samples.map((sample) => sample[name]);
    const now = values.at(-1);
    const most = toRound(Math.max(least, ...values));
    const { at: end } = samples.at(-1);
    const span = Math.min(SPAN, Math.max(15_000, end - samples[0].at)); // a chart that begins is wider
    const { line, area } = toPaths(name, most, end, span);
    part(".value span").textContent = now;
    part(".line").setAttribute("d", line);
    part(".area").setAttribute("d", area);
    part(".axis :first-child").textContent = `${Math.round(span / 1000)} s before`;
    part(".axis :last-child").textContent = new Date(end).toLocaleTimeString();
    part(".top").textContent = `${most} ${unit}`;
    part(".chart").ariaLabel = `${label} in the last minute: ${Math.min(...values)} to ${Math.max(...values)} ${unit}`;
  };
}

/** One stroke for each run of samples without a gap; 60 wide, 100 high. */
function toPaths(name, most, end, span) {
  const runs = [];
  let before = 0;
  for (const sample of samples) {
    if (sample.at - before > GAP) runs.push([]);
    const x = 60 * (1 - (end - sample.at) / span);
    const y = 100 * (1 - sample[name] / most);
    runs.at(-1).push(`${x.toFixed(2)} ${y.toFixed(1)}`);
    before = sample.at;
  }
  const toX = (point) => point.split(" ")[0];
  return {
    line: runs.map((run) => `M${run.join("L")}`).join(""),
    area: runs.map((run) => `M${toX(run[0])} 100L${run.join("L")}L${toX(run.at(-1))} 100Z`).join(""),
  };
}

/** The next of 1, 2, 5, 10, 20, 50 and so on. */
function toRound(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= value);
}

function showWait() {
  if (attempt === undefined) return;
  const seconds = Math.ceil((attempt.due - Date.now()) / 1000);
  const which = `attempt ${attempt.count}`;
  if (!navigator.onLine) showState("waiting", "Waiting for the network");
  else showState("waiting", seconds > 0 ? `Reconnecting in ${seconds} s (${which})` : `Reconnecting (${which})`);
}

function showState(state, text) {
  $("#state").dataset.state = state;
  // A screen reader reads what changes.
  if ($("#state").textContent !== text) $("#state").textContent = text;
}

function showNotice(text, isFinal = false) {
  $("#notice p").textContent = text;
  $("#notice button").hidden = !isFinal;
  $("#notice").hidden = false;
}

setInterval(showWait, 250);
$("#notice button").addEventListener("click", run);
$("#bar").addEventListener("change", () => {
  if (client?.isOpen) subscribe(client); // else the next connection is told
});
$("#bar").addEventListener("submit", (event) => event.preventDefault());
run();
