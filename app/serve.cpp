#include <csignal>
#include <cstdio>
#include <ctime>
#include <unistd.h>

#include "app/cli.hpp"
#include "app/config.hpp"
#include "app/server.hpp"

namespace canhgac::app {

namespace {

/// The signals the main thread waits for; blocked in every other thread because they inherit its mask.
sigset_t block_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
        sigaddset(&set, signal);
    }
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    return set;
}

bool print_findings(const Config& config) {
    const auto findings = check_config(config);
    for (const std::string& finding : findings) {
        std::fprintf(stderr, "canhgac: %s\n", finding.c_str());
    }
    return findings.empty();
}

} // namespace

int run_serve(const ServeOptions& options) {
    Config config = options.config.empty() ? default_config() : load_config(options.config);
    if (!options.data.empty()) { config.data_dir = options.data; }
    if (!print_findings(config)) { return kUsage; }
    const sigset_t signals = block_signals();
    Server server(std::move(config));
    std::printf("%s\n", server.summary().c_str());
    std::fflush(stdout);
    for (;;) {
        int signal = 0;
        sigwait(&signals, &signal);
        if (signal != SIGHUP) { break; }
        static_cast<void>(server.reload_rules());
    }
    server.stop();
    return kSuccess;
}

} // namespace canhgac::app
