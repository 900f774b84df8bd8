import { suite } from "./suite.ts";

suite("node");
