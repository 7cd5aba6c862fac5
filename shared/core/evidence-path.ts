/**
 * A file's whole path, lower-case, with backslashes; empty where there is no folder. In observed rows FolderPath ends with the
 * file's name; in the documentation it is the folder alone. The name is added where it is missing.
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
 * Lower case that never maps two letters to one. The Kelvin sign would become a `k`, and a folder of another name would match the
 * one that an approval names.
 */
export const lowerCase = (text: string): string =>
  text.replaceAll(/\p{Lu}/gu, (letter) => {
    const lower = letter.toLowerCase();
    return lower.toUpperCase() === letter ? lower : letter;
  });
