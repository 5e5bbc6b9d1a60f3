#include "app/rule_files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <system_error>

#include "common/yaml.hpp"

namespace canhgac::app {

namespace {

namespace fs = std::filesystem;

struct CloseFile {
    void operator()(std::FILE* file) const noexcept { common::ignore(std::fclose(file), "only read from"); }
};

bool is_rule_file(const fs::path& path) {
    const std::string name = path.filename().string();
    return (name.ends_with(".yml") || name.ends_with(".yaml")) && !name.ends_with(".test.yml") &&
           !name.ends_with(".test.yaml");
}

} // namespace

common::Result<std::vector<fs::path>, std::string> rule_files(const std::string& path) {
    std::error_code error;
    if (!fs::is_directory(path, error)) { return std::vector<fs::path>{path}; }
    std::vector<fs::path> files;
    for (auto it = fs::recursive_directory_iterator(path, error); !error && it != fs::recursive_directory_iterator();
         it.increment(error)) {
        if (is_rule_file(it->path()) && it->is_regular_file(error)) { files.push_back(it->path()); }
    }
    if (error) { return common::fail(path + ": cannot list: " + error.message()); }
    std::sort(files.begin(), files.end());
    return files;
}

common::Result<std::string, std::string> read_text_file(const fs::path& path) {
    const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rb"));
    if (!file) { return common::fail(path.string() + ": " + std::generic_category().message(errno)); }
    std::string text;
    constexpr std::size_t kStep = std::size_t{64} << 10U;
    while (text.size() <= common::yaml::kMaxTextBytes) {
        const std::size_t size = text.size();
        text.resize(size + kStep);
        const std::size_t got = std::fread(text.data() + size, 1, kStep, file.get());
        text.resize(size + got);
        if (got == 0) { break; }
    }
    if (std::ferror(file.get()) != 0) {
        return common::fail(path.string() + ": " + std::generic_category().message(errno));
    }
    return text;
}

} // namespace canhgac::app
