"use strict";
/** A processor in a process of its own. */
module.exports = async (job) => ({ pid: process.pid, to: job.data.to });
