import { createHash } from "node:crypto";
import type { StageRow } from "../../faults/workspace-rows.ts";
import type { Process } from "./processes.ts";
import { MSIEXEC } from "./processes.ts";

const MINUTE = 60_000;

/** A tool's file, by its path; signed by the tool's vendor. */
export interface ToolFile {
  readonly path: string;
  readonly signer: string;
  readonly trusted?: false;
}

/** What happens on one device, told in its own words; times are minutes before the first run, later ones negative. */
export type Story = ReturnType<typeof storyOf>;

export const sha1 = (text: string): string => createHash("sha1").update(text).digest("hex");
const nameOf = (path: string): string => path.slice(path.lastIndexOf("\\") + 1);

export function storyOf(device: string, group: string) {
  const rows: StageRow[] = [];
  const where = { DeviceId: device, DeviceName: `ws-${device.slice(0, 6)}`, MachineGroup: group };
  const add = (table: StageRow["table"], ago: number, columns: StageRow["columns"]): void =>
    void rows.push({ table, at: -ago * MINUTE, columns: { ...where, ...columns } });

  const story = {
    device,
    rows,

    /** Defender has seen the file and its certificate. */
    seen(file: ToolFile, ago: number): void {
      add("DeviceFileCertificateInfo", ago, certificateOf(file, sha1(file.path)));
    },

    /** `by` writes a file of the tool. */
    arrives(file: ToolFile, ago: number, process: Process, action = "FileCreated"): void {
      story.seen(file, ago);
      add("DeviceFileEvents", ago, { ActionType: action, ...fileOf(file.path), ...initiator(process, ago) });
    },

    /** The installer's service writes it, whom `client` asked four minutes before; absent: nobody was seen asking. */
    installed(file: ToolFile, ago: number, client?: Process): void {
      story.arrives(file, ago, MSIEXEC);
      if (client) story.asks(client, ago + 4);
    },

    /** `client` starts msiexec. */
    asks(client: Process, ago: number): void {
      add("DeviceProcessEvents", ago, {
        ActionType: "ProcessCreated",
        ...fileOf(MSIEXEC.path),
        ProcessCommandLine: "msiexec.exe /i package.msi /qn",
        ...initiator(client, ago),
      });
    },

    /** `by` starts it. */
    runs(file: ToolFile, ago: number, process: Process): void {
      story.seen(file, ago);
      add("DeviceProcessEvents", ago, {
        ActionType: "ProcessCreated",
        ...fileOf(file.path),
        ProcessCommandLine: `"${file.path}"`,
        ...initiator(process, ago),
      });
    },

    /** `by` registers a scheduled task. */
    registers(task: string, command: string, ago: number, process: Process): void {
      add("DeviceEvents", ago, {
        ActionType: "ScheduledTaskCreated",
        AdditionalFields: {
          TaskName: task,
          TaskContent: JSON.stringify({ Actions: { Exec: { Command: command, Arguments: "" } }, Triggers: {} }),
        },
        ...initiator(process, ago),
      });
    },

    logsOn(ago: number, from: string, sid: string, type = "Network"): void {
      add("DeviceLogonEvents", ago, {
        ActionType: "LogonSuccess",
        LogonType: type,
        RemoteIP: from,
        AccountSid: sid,
      });
    },
  };

  /** Columns of the process, whose own file's certificate Defender has seen as well. */
  function initiator(process: Process, ago: number): StageRow["columns"] {
    const hash = sha1(`${process.path} ${process.signer ?? "unsigned"} ${process.trusted ?? true}`);
    if (process.signer !== undefined)
      add("DeviceFileCertificateInfo", ago, certificateOf({ ...process, signer: process.signer }, hash));
    return {
      InitiatingProcessFileName: nameOf(process.path),
      InitiatingProcessFolderPath: process.path.toLowerCase(),
      InitiatingProcessSHA1: hash,
      InitiatingProcessCommandLine: `"${process.path}"`,
      InitiatingProcessParentFileName: process.parent,
      InitiatingProcessAccountSid: process.sid,
      InitiatingProcessAccountName: process.sid,
      InitiatingProcessVersionInfoCompanyName: process.company ?? "",
      InitiatingProcessId: 1000 + rows.length,
      InitiatingProcessCreationTime: "2026-02-20T00:00:00Z",
    };
  }

  return story;
}

const fileOf = (path: string): StageRow["columns"] => ({
  FileName: nameOf(path),
  FolderPath: path,
  SHA1: sha1(path),
});

const certificateOf = (
  { signer, trusted }: { readonly signer: string; readonly trusted?: false },
  hash: string,
): StageRow["columns"] => ({
  SHA1: hash,
  Signer: signer,
  IsSigned: true,
  IsTrusted: trusted ?? true,
  IsRootSignerMicrosoft: signer.startsWith("Microsoft"),
});
