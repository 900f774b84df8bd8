/** A headless Chromium and its tabs on the pages of examples. */
import { after, type TestContext } from "node:test";
import * as playwright from "playwright-core";
import { chromium, runtime } from "../../scripts/runtimes.ts";
import { Example } from "../examples/example.ts";

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The runtimes that serve them. */
export const servers = ["node26", "deno", "bun"] as const;

/** Starts the chat on a runtime of the matrix, and ends it with the test. */
export function serveChat(t: TestContext, name: string, port = 0): Promise<Example> {
  return serve(t, "chat/main", name, port);
}

/** Starts an example on a runtime of the matrix, and ends it with the test. */
export function serve(t: TestContext, example: string, name: string, port = 0): Promise<Example> {
  const { binary, kind } = runtime(name);
  return Example.start(t, example, { command: { binary, args: kind === "deno" ? ["run", "-A"] : [] }, port });
}

/** One Chromium for all tests of a file; its profile is a new folder, which goes with it. */
const launched: Promise<playwright.Browser> = playwright.chromium.launch({
  executablePath: chromium() ?? "",
  args: flags,
});
after(async () => (await launched).close());

/** A window with cookies and storage of its own, which is closed with the test. */
export class Window {
  /** What the consoles of all tabs have said, and what their pages threw. */
  readonly complaints: string[] = [];
  readonly context: playwright.BrowserContext;

  private constructor(context: playwright.BrowserContext) {
    this.context = context;
  }

  static async open(t: TestContext, options: playwright.BrowserContextOptions = {}): Promise<Window> {
    const context = await (await launched).newContext(options);
    t.after(() => context.close());
    context.setDefaultTimeout(10_000);
    return new Window(context);
  }

  /** Opens a tab on the page of an example, or on another of its pages. */
  async visit(example: Pick<Example, "port">, path = "/"): Promise<Tab> {
    const page = await this.context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") this.complaints.push(message.text());
    });
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    // So that a test can send what the page would not.
    await page.addInitScript(`
      globalThis.sockets = [];
      globalThis.WebSocket = class extends WebSocket { constructor(...args) { super(...args); sockets.push(this); } };
    `);
    await page.goto(`http://localhost:${example.port}${path}`);
    return new Tab(page);
  }
}

/** One tab on the chat, as its user sees it. */
export class Tab {
  readonly page: playwright.Page;

  constructor(page: playwright.Page) {
    this.page = page;
  }

  async join(name: string): Promise<void> {
    await this.page.getByLabel("Your name").fill(name);
    await this.page.getByRole("button", { name: "Join" }).click();
  }

  async say(text: string): Promise<void> {
    await this.page.getByLabel("Message", { exact: true }).fill(text);
    await this.page.getByRole("button", { name: "Send" }).click();
  }

  /** Waits until a text is to be seen. */
  async sees(text: string | RegExp): Promise<void> {
    const found = this.page.getByText(text, { exact: typeof text === "string" });
    await found.filter({ visible: true }).first().waitFor();
  }

  /** What the log holds: a message as `from: text`, a line as it is. */
  async log(): Promise<string[]> {
    return await this.page.locator("#log > li").evaluateAll((items) =>
      items.map((item) => {
        const text = item.querySelector(".text");
        const from = item.classList.contains("mine") ? "me" : (item as HTMLElement).dataset.from;
        return text === null ? (item.textContent ?? "") : `${from}: ${text.textContent}`;
      }),
    );
  }

  /** What has the focus: its label or its text. */
  async focused(): Promise<string> {
    return await this.page.evaluate(() => {
      const element = document.activeElement;
      const label =
        element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement ? element.labels?.[0] : element;
      return label?.textContent?.trim() ?? "";
    });
  }
}
