/// POST /api/v1/search: lines of JSON. Events, newest first, or the rows of a table when the query makes one:
/// {"columns":[{"name","type"},...]}, then {"row":[...]} for each, with {"progress":...} between them; then one line
/// {"stats":...} (or {"error":...} when the store failed on the way or the query took too much memory).
#pragma once

#include <atomic>
#include <memory>

#include "api/request_reader.hpp"
#include "api/services.hpp"
#include "net/http_server.hpp"

namespace canhgac::api {

/// Runs one search to its end on this thread, which may wait for the client; ends soon after `cancelled` turns true.
void run_search(const Services& services, const SearchRequest& request,
                const std::shared_ptr<net::HttpExchange>& exchange, const std::atomic<bool>& cancelled);

} // namespace canhgac::api
