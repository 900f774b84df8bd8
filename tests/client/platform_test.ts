import { suite } from "./suite.ts";

suite("platform");
