/**
 * A file's whole path, lower-case, with backslashes; empty where there is no folder. FolderPath holds the file's name in observed
 * rows and the folder alone in documented ones: the name is added where it isn't there.
 */
export function evidencePath(folderPath: string, fileName: string): string {
  const folder = lowerCase(folderPath)
    .replaceAll("/", "\\")
    .replace(/^\\\\\?\\/, "");
  if (folder === "") return "";
  const name = lowerCase(fileName);
  if (name === "" || folder.endsWith(`\\${name}`)) return folder;
  return folder.endsWith("\\") ? folder + name : `${folder}\\${name}`;
}

/**
 * Lower case without making one letter of two: the Kelvin sign would become a `k`, so that a folder of another name would be taken
 * for the one that an approval names.
 */
export const lowerCase = (text: string): string =>
  text.replaceAll(/\p{Lu}/gu, (letter) => {
    const lower = letter.toLowerCase();
    return lower.toUpperCase() === letter ? lower : letter;
  });
