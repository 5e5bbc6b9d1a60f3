// `canhgac rules keygen`, `rules bundle`, `rules import`, `rules rollback`.
#include <cstdio>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "app/bundle_store.hpp"
#include "app/cli.hpp"
#include "app/config.hpp"
#include "common/clock.hpp"
#include "common/durable_file.hpp"

namespace canhgac::app {

namespace {

/// The default version: the time as a number a person can read, e.g. 20261127081500 (UTC).
std::uint64_t version_of(common::Nanos now) {
    const common::CivilTime civil = common::to_civil(now);
    return ((((static_cast<std::uint64_t>(civil.year) * 100 + civil.month) * 100 + civil.day) * 100 + civil.hour) *
                100 +
            civil.minute) *
               100 +
           civil.second;
}

struct Place {
    std::filesystem::path folder;
    std::vector<PublicKey> trusted;
};

Place place_of(const BundleOptions& options) {
    Place place;
    const Config config = options.config.empty() ? default_config() : load_config(options.config);
    place.folder = options.folder.empty() ? config.data_dir / "bundle" : std::filesystem::path(options.folder);
    for (const std::string& key : config.rules.bundle_keys) {
        place.trusted.push_back(parse_public_key(key));
    }
    for (const std::string& key : options.trusted) {
        place.trusted.push_back(parse_public_key(key));
    }
    return place;
}

template <typename Work>
int guarded(const Work& work) {
    try {
        work();
        return kSuccess;
    } catch (const BundleError& error) {
        std::fprintf(stderr, "canhgac: %s\n", error.what());
    } catch (const std::system_error& error) { std::fprintf(stderr, "canhgac: %s\n", error.what()); }
    return kProblems;
}

} // namespace

int run_rules_keygen(const BundleOptions& options) {
    return guarded([&options] {
        if (std::filesystem::exists(options.output)) { throw BundleError(options.output + ": exists already"); }
        const SecretKey key = make_secret_key();
        common::replace_file(options.output, to_base64(key.bytes) + "\n");
        std::printf("%s\n", to_base64(key.public_key()).c_str());
    });
}

int run_rules_bundle(const BundleOptions& options) {
    return guarded([&options] {
        const SecretKey key = read_secret_key(options.key);
        const common::Nanos now = common::SystemClock().now();
        const std::uint64_t version = options.version != 0 ? options.version : version_of(now);
        const BundleManifest made =
            write_bundle(options.input, version, common::format_rfc3339(now), key, options.output);
        std::printf("%s: version %llu, %zu files\n", options.output.c_str(),
                    static_cast<unsigned long long>(made.version), made.files.size());
    });
}

int run_rules_import(const BundleOptions& options) {
    return guarded([&options] {
        const Place place = place_of(options);
        const BundleManifest made = BundleStore(place.folder).take_in(options.input, place.trusted);
        std::printf("version %llu of %s, %zu files, is in %s; a reload of the server takes it in\n",
                    static_cast<unsigned long long>(made.version), made.created.c_str(), made.files.size(),
                    (place.folder / "current").c_str());
    });
}

int run_rules_rollback(const BundleOptions& options) {
    return guarded([&options] {
        const Place place = place_of(options);
        const std::uint64_t version = BundleStore(place.folder).rollback();
        std::printf("version %llu is current again; a reload of the server takes it in\n",
                    static_cast<unsigned long long>(version));
    });
}

} // namespace canhgac::app
