import { sha1, type Random } from "./random.ts";
import type { Device } from "./device.ts";

/**
 * A row of DeviceFileCertificateInfo as Log Analytics has it; datetimes are ISO strings in UTC with milliseconds. `$ingested` is
 * what `ingestion_time()` gives: no column.
 */
export type CertificateRow = {
  readonly $ingested: string;
  readonly TimeGenerated: string;
  readonly DeviceId: string;
  readonly DeviceName: string;
  readonly MachineGroup: string;
  readonly SHA1: string;
  readonly IsSigned: boolean;
  readonly IsTrusted: boolean;
  readonly IsRootSignerMicrosoft: boolean;
  readonly SignatureType: string;
  readonly Signer: string;
  readonly SignerHash: string;
  readonly Issuer: string;
  readonly IssuerHash: string;
  readonly CertificateSerialNumber: string;
  readonly ReportId: number;
};

export interface Seen {
  readonly device: Device;
  /** Default: the device's latest name. */
  readonly name?: string;
  /** Empty: the file is not signed. */
  readonly signer: string;
  /** Which of the signer's files: a number, or its hash. */
  readonly file: number | string;
  /** Default: true where there is a signer. */
  readonly trusted?: boolean;
  /** Event time, milliseconds since 1970. */
  readonly at: number;
  readonly ingested: number;
}

const ISSUERS = [
  "DigiCert Trusted G4 Code Signing RSA4096 SHA384 2021 CA1",
  "Sectigo Public Code Signing CA R36",
  "GlobalSign GCC R45 CodeSigning CA 2020",
];
const MICROSOFT_ISSUER = "Microsoft Windows Production PCA 2011";

export function certificateRow(seen: Seen, chance: Random): CertificateRow {
  const { device, signer } = seen;
  const isSigned = signer !== "";
  const isMicrosoft = signer.startsWith("Microsoft");
  const issuer = isMicrosoft ? MICROSOFT_ISSUER : (ISSUERS[signer.length % ISSUERS.length] ?? "");
  return {
    $ingested: new Date(seen.ingested).toISOString(),
    TimeGenerated: new Date(seen.at).toISOString(),
    DeviceId: device.id,
    DeviceName: seen.name ?? device.names.at(-1) ?? "",
    MachineGroup: device.group,
    SHA1: typeof seen.file === "string" ? seen.file : sha1("file", signer, seen.file),
    IsSigned: isSigned,
    IsTrusted: seen.trusted ?? isSigned,
    IsRootSignerMicrosoft: isMicrosoft,
    SignatureType: isSigned ? "Embedded" : "",
    Signer: signer,
    SignerHash: isSigned ? sha1("signer", signer) : "",
    Issuer: isSigned ? issuer : "",
    IssuerHash: isSigned ? sha1("issuer", issuer) : "",
    CertificateSerialNumber: isSigned ? sha1("serial", signer).slice(0, 32) : "",
    ReportId: chance.between(1_000, 50_000),
  };
}
