import { readFileSync } from "node:fs";
import type { TemplateInput } from "../../shared/catalog/approval-file.ts";
import { approvalText, loadApprovals, loadTemplate } from "../../shared/catalog/approval-file.ts";
import type { Approval, ApprovalSubject } from "../../shared/core/approval.ts";
import type { Actor, Evidence, EvidencePiece } from "../../shared/core/evidence.ts";

export const NOW = new Date("2026-03-10T12:00:00Z");
export const SYSTEM = "S-1-5-18";
export const USER = "S-1-5-21-1-2-3-1001";
export const TOOLS = ["anydesk", "kaseya-vsa", "logmein", "teamviewer"];
const MINUTE = 60_000;

/** Minutes before NOW. */
export const ago = (minutes: number): Date => new Date(NOW.getTime() - minutes * MINUTE);

export const subject = (change: Partial<ApprovalSubject> = {}): ApprovalSubject => ({
  tool: "anydesk",
  deviceId: "a".repeat(40),
  deviceName: "ws-1",
  deviceGroup: "Workstations",
  firstSeen: ago(60),
  counterfeit: false,
  ...change,
});

/** A process by its whole path; trusted unless `signer` is empty. */
export function actor(path: string, signer: string, change: Partial<Actor> = {}): Actor {
  const microsoftRoot = signer.startsWith("Microsoft");
  return {
    fileName: path.slice(path.lastIndexOf("\\") + 1),
    path,
    sha1: `sha1 of ${path}`,
    ...(signer !== "" && { certificate: { signer, trusted: true, microsoftRoot } }),
    commandLine: path,
    parentFileName: "services.exe",
    accountSid: SYSTEM,
    accountName: "system",
    ...change,
  };
}

const TOOL_PATH = "c:\\program files (x86)\\anydesk\\anydesk.exe";

export const arrival = (by: Actor, change: Partial<EvidencePiece> = {}): EvidencePiece => ({
  kind: "arrival",
  at: ago(50),
  source: "DeviceFileEvents/FileCreated",
  fileName: "anydesk.exe",
  path: TOOL_PATH,
  sha1: "tool",
  actor: by,
  ...change,
});

export const run = (by: Actor, change: Partial<EvidencePiece> = {}): EvidencePiece =>
  arrival(by, { kind: "run", at: ago(40), source: "DeviceProcessEvents/ProcessCreated", ...change });

export const evidence = (...pieces: EvidencePiece[]): Evidence => ({ pieces, missing: [] });

/** A shipped template, filled in for the group Workstations unless devices are given. */
export function fromTemplate(name: string, change: Partial<TemplateInput> = {}): Approval {
  const file = `shared/catalog/approvals/${name}.yaml`;
  const template = loadTemplate({ file, text: readFileSync(new URL(`../../${file}`, import.meta.url), "utf8") });
  if ("problems" in template) throw new Error(JSON.stringify(template.problems));
  const text = approvalText(template, {
    id: name,
    owner: "desk",
    ticket: "CHG-1",
    expires: "2026-09-30",
    tools: template.tools ? [] : ["anydesk"],
    groups: change.devices ? [] : ["Workstations"],
    devices: [],
    sources: [],
    accounts: [],
    ...change,
  });
  const { approvals, problems } = loadApprovals([{ file, text }], { now: NOW, tools: TOOLS });
  const [first] = approvals;
  if (!first) throw new Error(JSON.stringify(problems));
  return first.approval;
}

export const CCM = actor("c:\\windows\\ccm\\ccmexec.exe", "Microsoft Corporation");
export const SERVICES = actor("c:\\windows\\system32\\services.exe", "", { parentFileName: "wininit.exe" });
export const MSIEXEC = actor("c:\\windows\\system32\\msiexec.exe", "Microsoft Windows");
export const CHROME = actor("c:\\program files\\google\\chrome\\application\\chrome.exe", "Google LLC", {
  accountSid: USER,
  parentFileName: "explorer.exe",
});
export const POWERSHELL = actor("c:\\windows\\system32\\windowspowershell\\v1.0\\powershell.exe", "Microsoft Windows", {
  parentFileName: "cmd.exe",
});
export const EXPLORER = actor("c:\\windows\\explorer.exe", "Microsoft Windows", {
  accountSid: USER,
  parentFileName: "userinit.exe",
});
