"use strict";
/*
 * Preloaded into Azurite's table service (`node --require`), which as it comes keeps acknowledged writes in memory for up to
 * five seconds, outlives a killed parent, and does not say which free port it was given.
 */
const { readSync } = require("node:fs");
const { Server } = require("node:http");
const { dirname, join } = require("node:path");

// Nothing runs before the parent has noted this process's id: else a parent killed in between would leave a stranger behind.
// End of file here, and later, means that the parent is gone.
if (readSync(0, Buffer.alloc(1)) === 0) process.exit(0);
process.stdin.on("close", () => process.exit(0)).resume();

const { listen } = Server.prototype;
Server.prototype.listen = function (...args) {
  this.once("listening", () => process.stdout.write(`tables listen on ${this.address().port}\n`));
  return listen.apply(this, args);
};

// In memory there is nothing to save to, and the store would write its whole content out for nothing.
if (process.argv.includes("--location")) {
  const { default: Store } = require(join(dirname(process.argv[1]), "persistence", "LokiTableMetadataStore.js"));
  saveBeforeAnswering(Store.prototype);
}

function saveBeforeAnswering(store) {
  /** Where each method takes the id of the batch it is part of. */
  const batchIdAt = { insertTableEntity: 4, updateTableEntity: 5, mergeTableEntity: 5, deleteTableEntity: 6 };
  for (const name of ["createTable", "deleteTable", "setTableACL", "setServiceProperties", ...Object.keys(batchIdAt)]) {
    const write = store[name];
    store[name] = async function (...args) {
      const result = await write.apply(this, args);
      // Saved in the middle of a batch, half of it would survive a crash.
      if (!args[batchIdAt[name]]) await this.saveDBState();
      return result;
    };
  }
  const { endBatchTransaction } = store;
  store.endBatchTransaction = async function (account, table, batchId, context, succeeded) {
    await endBatchTransaction.call(this, account, table, batchId, context, succeeded);
    if (succeeded) await this.saveDBState();
  };
}
