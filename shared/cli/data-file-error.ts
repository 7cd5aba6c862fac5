/** A file of rows does not fit its table. The message begins with `file:line:`, where a line is known, and says how to fix it. */
export class DataFileError extends Error {
  override readonly name = "DataFileError";
}
