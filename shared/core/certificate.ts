import { clean } from "./clean.ts";
import type { RowCertificate } from "./sighting.ts";

/** A signer as a message shows it: texts are bounded and have no control characters. */
interface ShownSigner {
  readonly name: string;
  /** SHA1 of the certificate. */
  readonly hash: string;
  readonly issuer: string;
  /** Absent: Defender's row has no value. */
  readonly trusted?: boolean;
}

export interface ShownCertificate {
  readonly signers: readonly ShownSigner[];
  readonly files: readonly string[];
  /** Paths of the lists that were cut or could not be read in full. */
  readonly truncated: readonly ("sighting.signers" | "sighting.files")[];
}

const MAX_SIGNERS = 16;
const MAX_FILES = 100;
const MAX_NAME = 256;
const SHA1 = /^[0-9a-f]{40}$/i;

/** Signers and files of a row, each once. Unreadable entries are left out and reported in `truncated`. */
export function shownCertificate({ signers, files }: Pick<RowCertificate, "signers" | "files">): ShownCertificate {
  const truncated = new Set<"sighting.signers" | "sighting.files">();
  const named = new Map<string, ShownSigner>();
  for (const entry of entriesOf(signers, () => truncated.add("sighting.signers"))) {
    const signer = toSigner(entry);
    if (signer) named.set(JSON.stringify(signer), signer);
    else truncated.add("sighting.signers");
  }
  const hashes = new Set<string>();
  for (const entry of entriesOf(files, () => truncated.add("sighting.files"))) {
    if (typeof entry === "string" && SHA1.test(entry)) hashes.add(entry.toLowerCase());
    else if (entry !== "") truncated.add("sighting.files");
  }
  // The query keeps at most as many, so a full list may be a cut one.
  if (named.size >= MAX_SIGNERS) truncated.add("sighting.signers");
  if (hashes.size >= MAX_FILES) truncated.add("sighting.files");
  return {
    signers: [...named.values()].slice(0, MAX_SIGNERS),
    files: [...hashes].slice(0, MAX_FILES),
    truncated: [...truncated],
  };
}

/** Entries of several JSON arrays. `broken` is called for a text that is no JSON array. */
function entriesOf(texts: readonly string[], broken: () => unknown): readonly unknown[] {
  return texts.flatMap((text): readonly unknown[] => {
    if (text === "") return [];
    try {
      const parsed: unknown = JSON.parse(text);
      if (Array.isArray(parsed)) return parsed;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    broken();
    return [];
  });
}

function toSigner(entry: unknown): ShownSigner | undefined {
  if (typeof entry !== "object" || entry === null || !("name" in entry) || typeof entry.name !== "string")
    return undefined;
  const text = (value: unknown, length: number): string => (typeof value === "string" ? clean(value, length).text : "");
  return {
    name: text(entry.name, MAX_NAME),
    hash: text("hash" in entry ? entry.hash : "", 64),
    issuer: text("issuer" in entry ? entry.issuer : "", MAX_NAME),
    ...("trusted" in entry && typeof entry.trusted === "boolean" && { trusted: entry.trusted }),
  };
}
