import * as api from "@spanledger/api";
import { run } from "./api-only.cjs";

await run(api);
