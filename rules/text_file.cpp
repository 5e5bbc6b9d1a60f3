#include "rules/text_file.hpp"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

#include "common/yaml.hpp"

namespace canhgac::rules {

namespace {

struct CloseFile {
    void operator()(std::FILE* file) const noexcept { common::ignore(std::fclose(file), "only read from"); }
};

} // namespace

common::Result<std::string, std::string> read_text_file(const std::filesystem::path& path) {
    const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rb"));
    if (!file) { return common::fail("cannot open: " + std::generic_category().message(errno)); }
    std::string text;
    constexpr std::size_t kStep = std::size_t{64} << 10U;
    while (text.size() <= common::yaml::kMaxTextBytes) {
        const std::size_t size = text.size();
        text.resize(size + kStep);
        const std::size_t got = std::fread(text.data() + size, 1, kStep, file.get());
        text.resize(size + got);
        if (got == 0) { break; }
    }
    if (std::ferror(file.get()) != 0) { return common::fail("cannot read: " + std::generic_category().message(errno)); }
    return text;
}

} // namespace canhgac::rules
