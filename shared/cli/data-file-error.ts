/** A file of rows can't be read as its table. The message begins with `file:line:` where there is a line, and says how to mend it. */
export class DataFileError extends Error {
  override readonly name = "DataFileError";
}
