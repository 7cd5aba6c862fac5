import { testPathOf } from "../detection-paths.ts";
import type { FileProblem } from "../file-problem.ts";
import { loadTestFile } from "./test-file.ts";
import type { LoadedTests } from "./test-file.ts";

/** Loads a detection's tests, or reports that they are missing. `test`: text of the test file, `undefined` without one. */
export function requireTests(file: string, test: string | undefined): LoadedTests {
  return test === undefined ? { problems: [untested(file)] } : loadTestFile(test, testPathOf(file));
}

const untested = (file: string): FileProblem => ({
  file,
  line: 1,
  column: 1,
  message: `no test shows what it finds: write ${testPathOf(file)} (now, and cases with tables and expect; one that matches, one that must not, one boundary), then run npx firstsight detections test ${file}`,
});
