#include "api/export_runner.hpp"

#include <fstream>
#include <string>
#include <system_error>
#include <unistd.h>

#include <sys/resource.h>

#include "api/problem.hpp"

namespace canhgac::api {

namespace {

constexpr int kExportPriority = 15; ///< nice value of the thread
constexpr std::size_t kExportPartBytes = 64 * 1024;

void send_file(std::ifstream& file, net::HttpExchange& exchange) {
    std::string part(kExportPartBytes, '\0');
    while (file) {
        file.read(part.data(), static_cast<std::streamsize>(part.size()));
        const auto got = static_cast<std::size_t>(file.gcount());
        if (got == 0 || !exchange.write(std::string_view(part).substr(0, got))) { break; }
    }
}

} // namespace

void run_export(const Services& services, const EvidenceRequest& request,
                const std::shared_ptr<net::HttpExchange>& exchange, const std::atomic<bool>& cancelled) {
    if (::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kExportPriority) != 0) {
        services.logger.warning("export: the thread keeps its priority");
    }
    services.logger.info("export: {} asks for evidence of case {}: {}", request.exporter, request.number,
                         request.query);
    const auto path = services.export_evidence(request, cancelled);
    if (!path) {
        services.logger.warning("export: {}", path.error().detail);
        exchange->respond(problem(path.error().status, path.error().detail));
        return;
    }
    std::ifstream file(*path, std::ios::binary);
    std::error_code error; // its name goes at once: nothing is left whatever becomes of the client or of us
    if (!std::filesystem::remove(*path, error) || !file) {
        services.logger.error("export: the package cannot be read");
        exchange->respond(problem(500, "the package cannot be read"));
        return;
    }
    net::HttpResponse head = net::make_response(200, "application/zip", "");
    head.headers.emplace_back("Content-Disposition", "attachment; filename=\"evidence.zip\"");
    if (exchange->start_stream(std::move(head))) {
        send_file(file, *exchange);
        exchange->finish_stream();
    }
}

} // namespace canhgac::api
