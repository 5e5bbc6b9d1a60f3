/// POST /api/v1/verify: proves the stored events against the hash chain. Lines of JSON: {"progress":{...}} now and
/// then, then {"verify":{...}}, or {"error":problem} when the store could not be read.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string_view>

#include "api/services.hpp"
#include "net/http_server.hpp"
#include "storage/verify_report.hpp"

namespace canhgac::api {

/// Writes the lines, without their ends, on this thread; ends soon after `sink` returned false or `options.cancelled`
/// turned true. `options.progress` is ours.
void write_verify(const VerifyStore& verify, storage::VerifyOptions options,
                  const std::function<bool(std::string_view line)>& sink);

/// The request over HTTP, on this thread, which it gives a low priority: ingest and detection go first.
void run_verify(const Services& services, const storage::VerifyOptions& options,
                const std::shared_ptr<net::HttpExchange>& exchange, const std::atomic<bool>& cancelled);

} // namespace canhgac::api
