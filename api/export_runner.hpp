/// POST /api/v1/export: an evidence package as a ZIP file.
#pragma once

#include <atomic>
#include <memory>

#include "api/evidence_request.hpp"
#include "api/services.hpp"
#include "net/http_server.hpp"

namespace canhgac::api {

/// Makes the package and sends it, on this thread, which it gives a low priority.
void run_export(const Services& services, const EvidenceRequest& request,
                const std::shared_ptr<net::HttpExchange>& exchange, const std::atomic<bool>& cancelled);

} // namespace canhgac::api
