import type { EvidenceQueries, QueryPart } from "../core/pack.ts";
import { kqlString } from "../core/kql-text.ts";
import { preludeParts } from "./prelude.ts";

/** Columns of every evidence query, as `EvidenceQueries` defines them. */
export const EVIDENCE_COLUMNS =
  "DetectionId: string, DeviceId: string, TableName: string, Groups: long, Pieces: string";

/**
 * Most groups for one (detection, device), and most tasks and logons for one device, in an answer; the column Groups shows that
 * there were more. A cell may hold 1 MB ("Query limits" of the Kusto documentation): 200 groups of two command lines fit.
 */
const MAX_GROUPS = 200;
const MAX_TASKS = 100;

/** Characters of a command line, which is displayed and never compared, and of a task's actions. */
const MAX_COMMAND = 512;
const MAX_ACTIONS = 4000;

/** How far around an arrival to look for the Windows Installer's client, and how far before it for a network logon. */
const CLIENT_WINDOW = "30m";
const LOGON_WINDOW = "5m";

/**
 * A table's rows over the whole horizon, whatever the window: for events around one in the window. Has to come before the
 * prelude, which binds the table's name to the window's rows.
 */
const wholeHorizon = (name: string, table: string): readonly QueryPart[] => [
  `let ${name} = table(${kqlString(table)}) | extend Timestamp = column_ifexists("Timestamp", column_ifexists("TimeGenerated", datetime(null))) | where Timestamp > min_of(`,
  { instant: "from" },
  ", ",
  { instant: "horizon" },
  `) - ${CLIENT_WINDOW};\n`,
];

const DEVICES: readonly QueryPart[] = ["let Devices = datatable(DeviceId: string) [", { devices: true }, "];\n"];

/** The process instance that wrote the file: everything that one instance does is one act. */
const INSTANCE = `strcat(InitiatingProcessId, " ", InitiatingProcessCreationTime)`;

const ACTOR =
  `ActorFile = InitiatingProcessFileName, ActorPath = InitiatingProcessFolderPath, ActorSHA1 = InitiatingProcessSHA1, ` +
  `ActorCommand = substring(InitiatingProcessCommandLine, 0, ${MAX_COMMAND}), ActorParent = InitiatingProcessParentFileName, ` +
  `ActorSid = InitiatingProcessAccountSid, ActorAccount = InitiatingProcessAccountName`;

const SIGNATURE = `SignerType = tostring(column_ifexists("InitiatingProcessSignerType", "")), SignatureStatus = tostring(column_ifexists("InitiatingProcessSignatureStatus", ""))`;

/** Paths of a Windows program: observed rows hold the folder with the file name, documented ones the folder alone. */
const system = (name: string, folders: readonly string[]): string =>
  folders
    .flatMap((folder) => [`c:\\windows\\${folder}`, `c:\\windows\\${folder}\\${name}`])
    .map(kqlString)
    .join(", ");
/** Starts the installer's service: not a client. */
const SERVICES = system("services.exe", ["system32"]);
/** Starts helpers for custom actions: not clients either. */
const INSTALLER = system("msiexec.exe", ["system32", "syswow64"]);

/** Columns that make two events one act of one actor: everything that an approval may compare, and the account's name. */
const GROUP =
  "Kind, Source, DetectionId, DeviceId, Instance, Folder, ActorFile, ActorPath, ActorSHA1, ActorParent, ActorSid, ActorAccount, SignerType, SignatureStatus";

/** A row that shows whether the table has any rows: a protected table answers as an empty one does. */
const alive = (name: string, table: string): string =>
  `(${name} | take 1 | summarize Groups = count() | project DetectionId = "", DeviceId = "", TableName = ${kqlString(table)}, Groups, Pieces = "")`;

/**
 * Files of a tool: those in any device's certificate rows within the horizon. The same hash is the same file on every device, and
 * this device may have reported the certificate before the horizon.
 */
const toolFiles = ({ anySigner, ids }: Signers): string =>
  `let Tools = materialize(Certificates
| where (${anySigner}) and isnotempty(SHA1)
| distinct Signer, SHA1
| extend Ids = ${ids}
| mv-expand DetectionId = Ids to typeof(string)
| distinct DetectionId, SHA1);
let ToolFiles = Tools | distinct SHA1;
`;

const ARRIVING = `DeviceId in~ (Devices) and ActionType in ("FileCreated", "FileModified", "FileRenamed") and SHA1 in (ToolFiles)`;

/** The tools' compiled conditions over `Signer`. */
interface Signers {
  /** Condition: true for a signer of any tool. */
  readonly anySigner: string;
  /** Expression: the list of detection ids that a signer belongs to. */
  readonly ids: string;
}

/** The queries about candidates. No table is optional: a missing one has to show as a failed query. */
export const evidenceQueries = (signers: Signers): EvidenceQueries => ({
  pieces: pieces(signers),
  tasks: tasks(),
  logons: logons(signers),
});

const pieces = (signers: Signers): readonly QueryPart[] => [
  ...DEVICES,
  ...wholeHorizon("Certificates", "DeviceFileCertificateInfo"),
  ...wholeHorizon("Processes", "DeviceProcessEvents"),
  ...wholeHorizon("FileEvents", "DeviceFileEvents"),
  ...preludeParts(["DeviceFileEvents", "DeviceProcessEvents"], false),
  toolFiles(signers),
  `let Arrivals = materialize(DeviceFileEvents
| where ${ARRIVING}
| join kind=inner (Tools) on SHA1
| project Kind = "arrival", Source = strcat("DeviceFileEvents/", ActionType), DetectionId, DeviceId = tolower(DeviceId), Timestamp, Instance = ${INSTANCE}, FileName, FolderPath, SHA1, Install = "", ${ACTOR}, SignerType = "", SignatureStatus = "");
let Runs = DeviceProcessEvents
| where DeviceId in~ (Devices) and SHA1 in (ToolFiles)
| join kind=inner (Tools) on SHA1
| project Kind = "run", Source = strcat("DeviceProcessEvents/", ActionType), DetectionId, DeviceId = tolower(DeviceId), Timestamp, Instance = "", FileName, FolderPath, SHA1, Install = "", ${ACTOR}, ${SIGNATURE};
let Installs = Arrivals
| where ActorFile =~ "msiexec.exe"
| summarize InstallFrom = min(Timestamp) - ${CLIENT_WINDOW}, InstallTo = max(Timestamp) + ${CLIENT_WINDOW} by DetectionId, DeviceId, Instance;
let Clients = Processes
| where FileName =~ "msiexec.exe" and DeviceId in~ (Devices)
| where not(InitiatingProcessFolderPath in~ (${SERVICES}) and InitiatingProcessFileName =~ "services.exe")
| where not(InitiatingProcessFolderPath in~ (${INSTALLER}) and InitiatingProcessFileName =~ "msiexec.exe" and ProcessCommandLine contains " -Embedding ")
| project Kind = "client", Source = strcat("DeviceProcessEvents/", ActionType), DeviceId = tolower(DeviceId), Timestamp, FileName, FolderPath, SHA1, Install = substring(ProcessCommandLine, 0, ${MAX_COMMAND}), ${ACTOR}, ${SIGNATURE}
| join kind=inner (Installs | project DetectionId, DeviceId, InstallFrom, InstallTo) on DeviceId
| where Timestamp between (InstallFrom .. InstallTo)
| project Kind, Source, DetectionId, DeviceId, Timestamp, Instance = tostring(Timestamp), FileName, FolderPath, SHA1, Install, ActorFile, ActorPath, ActorSHA1, ActorCommand, ActorParent, ActorSid, ActorAccount, SignerType, SignatureStatus;
let Found = materialize(union Arrivals, Runs, Clients
| extend Folder = tolower(iff(FolderPath endswith strcat(${kqlString("\\")}, FileName), substring(FolderPath, 0, strlen(FolderPath) - strlen(FileName)), FolderPath)), FirstAt = Timestamp, LastAt = Timestamp, First = bag_pack("file", FileName, "path", FolderPath, "sha1", SHA1, "command", ActorCommand, "install", Install)
| extend Last = First
| summarize arg_min(FirstAt, First), arg_max(LastAt, Last) by ${GROUP});
let ActorFiles = Found | where isnotempty(ActorSHA1) | distinct ActorSHA1;
let Signatures = materialize(Certificates
| where SHA1 in (ActorFiles)
| extend Holders = iff(DeviceId in~ (Devices), pack_array(tolower(DeviceId), ""), pack_array(""))
| mv-expand Holder = Holders to typeof(string)
| summarize Signers = make_set(Signer, 4), Trusted = countif(IsTrusted == true) == count(), Root = countif(IsRootSignerMicrosoft == true) == count() by SHA1, Holder
| project ActorSHA1 = SHA1, Holder, Certificate = bag_pack("signers", Signers, "trusted", Trusted, "root", Root));
union (Found
| lookup kind=leftouter (Signatures | where Holder != "" | project ActorSHA1, DeviceId = Holder, OwnCertificate = Certificate) on ActorSHA1, DeviceId
| lookup kind=leftouter (Signatures | where Holder == "" | project ActorSHA1, AnyCertificate = Certificate) on ActorSHA1
| lookup kind=leftouter (Tools | project DetectionId, ActorSHA1 = SHA1, Own = true) on DetectionId, ActorSHA1
| summarize Groups = count(), List = make_list(bag_pack("kind", Kind, "source", Source, "instance", Instance, "firstAt", tostring(FirstAt), "first", First, "lastAt", tostring(LastAt), "last", Last, "name", ActorFile, "path", ActorPath, "sha1", ActorSHA1, "parent", ActorParent, "sid", ActorSid, "account", ActorAccount, "type", SignerType, "status", SignatureStatus, "certificate", coalesce(OwnCertificate, AnyCertificate), "own", Own == true), ${MAX_GROUPS}) by DetectionId, DeviceId
| project DetectionId, DeviceId, TableName = "", Groups, Pieces = tostring(List)),
${alive("FileEvents", "DeviceFileEvents")},
${alive("Processes", "DeviceProcessEvents")},
${alive("Certificates", "DeviceFileCertificateInfo")}`,
];

/**
 * Leaves out Windows' own tasks, which change all the time. That is safe: a task is an additional condition of an approval, so a
 * task that is not seen covers nothing.
 */
const tasks = (): readonly QueryPart[] => [
  ...DEVICES,
  ...wholeHorizon("Events", "DeviceEvents"),
  `union (Events
| where DeviceId in~ (Devices) and ActionType in ("ScheduledTaskCreated", "ScheduledTaskUpdated")
| extend Fields = parse_json(tostring(AdditionalFields))
| extend TaskName = tostring(Fields.TaskName), Content = tostring(Fields.TaskContent)
| where not(TaskName startswith ${kqlString("\\Microsoft\\Windows\\")})
| extend Json = tostring(parse_json(Content).Actions), Xml = extract(@"(?s)<Actions.*</Actions>", 0, Content)
| summarize At = min(Timestamp) by DeviceId = tolower(DeviceId), TaskName, Actions = substring(case(isnotempty(Json), Json, isnotempty(Xml), Xml, Content), 0, ${MAX_ACTIONS})
| summarize Groups = count(), List = make_list(bag_pack("at", tostring(At), "name", TaskName, "actions", Actions), ${MAX_TASKS}) by DeviceId
| project DetectionId = "", DeviceId, TableName = "", Groups, Pieces = tostring(List)),
${alive("Events", "DeviceEvents")}`,
];

const logons = (signers: Signers): readonly QueryPart[] => [
  ...DEVICES,
  ...wholeHorizon("Certificates", "DeviceFileCertificateInfo"),
  ...wholeHorizon("Logons", "DeviceLogonEvents"),
  ...preludeParts(["DeviceFileEvents"], false),
  toolFiles(signers),
  `let Acts = DeviceFileEvents
| where ${ARRIVING}
| summarize ActAt = min(Timestamp) by DeviceId = tolower(DeviceId), Instance = ${INSTANCE};
union (Logons
| where DeviceId in~ (Devices) and ActionType == "LogonSuccess" and LogonType =~ "Network" and isnotempty(RemoteIP)
| project DeviceId = tolower(DeviceId), Timestamp, RemoteIP, AccountSid
| join kind=inner (Acts) on DeviceId
| where Timestamp between (ActAt - ${LOGON_WINDOW} .. ActAt)
| summarize At = max(Timestamp) by DeviceId, Instance, RemoteIP, AccountSid
| summarize Groups = count(), List = make_list(bag_pack("at", tostring(At), "instance", Instance, "ip", RemoteIP, "sid", AccountSid), ${MAX_GROUPS}) by DeviceId
| project DetectionId = "", DeviceId, TableName = "", Groups, Pieces = tostring(List)),
${alive("Logons", "DeviceLogonEvents")}`,
];
