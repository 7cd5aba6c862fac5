/**
 * The pinned Node (package.json, optionalDependencies) must run the scripts: a silent fall-back to the system's Node
 * changes behaviour, and an older one can't strip types at all.
 */
const major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
  console.error(
    `firstsight needs Node 24, this is ${process.version}. Run it through npm (npm run …), which puts the pinned Node first on PATH; ` +
      "after `npm ci --omit=optional` or on a platform other than Linux x64, put a Node 24 first on PATH yourself.",
  );
  process.exit(1);
}
