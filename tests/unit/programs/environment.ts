/** Says whether a contract validates replies by default. */
import { contract } from "../../../entries/contract.ts";

const message = { "~standard": { version: 1, vendor: "tests", validate: (value: unknown) => ({ value }) } } as const;
console.log(contract({ dispatcherKey: "event", messages: { a: { message } } }).rules.validateReplies);
