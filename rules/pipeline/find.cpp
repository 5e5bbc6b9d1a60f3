// Where pipelines come from: the program itself, files, folders.
#include <algorithm>
#include <filesystem>
#include <system_error>

#include "rules/embedded.hpp"
#include "rules/pipeline/pipeline.hpp"
#include "rules/text_file.hpp"

namespace canhgac::rules {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFolder = "rules/pipelines/";
constexpr std::string_view kSuffix = ".yml";

/// NAME of "rules/pipelines/NAME.yml"; empty for any other file.
std::string_view built_in_name(std::string_view path) {
    if (!path.starts_with(kFolder) || !path.ends_with(kSuffix)) { return {}; }
    return path.substr(kFolder.size(), path.size() - kFolder.size() - kSuffix.size());
}

common::Result<std::vector<PipelineText>, std::string> read_files(const std::vector<fs::path>& files) {
    std::vector<PipelineText> texts;
    for (const auto& file : files) {
        auto text = read_text_file(file);
        if (!text) { return common::fail(file.string() + ": " + text.error()); }
        texts.push_back({file.string(), std::move(*text), false});
    }
    return texts;
}

common::Result<std::vector<PipelineText>, std::string> read_folder(const fs::path& folder) {
    std::vector<fs::path> files;
    std::error_code error;
    for (auto it = fs::recursive_directory_iterator(folder, error); !error && it != fs::recursive_directory_iterator();
         it.increment(error)) {
        const auto extension = it->path().extension();
        if ((extension == ".yml" || extension == ".yaml") && it->is_regular_file(error)) {
            files.push_back(it->path());
        }
    }
    if (error) { return common::fail(folder.string() + ": cannot list: " + error.message()); }
    if (files.empty()) { return common::fail(folder.string() + ": holds no pipeline (*.yml, *.yaml)"); }
    std::sort(files.begin(), files.end());
    return read_files(files);
}

} // namespace

std::vector<std::string> built_in_pipelines() {
    std::vector<std::string> names;
    for (const auto& file : embedded_files()) {
        if (const auto name = built_in_name(file.path); !name.empty()) { names.emplace_back(name); }
    }
    return names;
}

common::Result<std::vector<PipelineText>, std::string> find_pipelines(const std::string& spec) {
    for (const auto& file : embedded_files()) {
        if (!spec.empty() && built_in_name(file.path) == spec) {
            return std::vector<PipelineText>{{std::string(file.path), std::string(file.text), true}};
        }
    }
    std::error_code error;
    if (fs::is_directory(spec, error)) { return read_folder(spec); }
    if (fs::exists(spec, error)) { return read_files({spec}); }
    std::string known;
    for (const auto& name : built_in_pipelines()) {
        known += (known.empty() ? "" : ", ") + name;
    }
    return common::fail("pipeline '" + spec + "' is neither a file nor a built-in pipeline; built in are: " + known);
}

common::Result<std::shared_ptr<const PipelineChain>, std::vector<Rejection>>
load_pipelines(const std::vector<std::string>& specs) {
    std::vector<PipelineText> texts;
    std::vector<Rejection> faults;
    for (const auto& spec : specs) {
        auto found = find_pipelines(spec);
        if (!found) {
            faults.push_back({spec, 0, 0, {}, std::move(found.error())});
            continue;
        }
        std::move(found->begin(), found->end(), std::back_inserter(texts));
    }
    if (!faults.empty()) { return common::fail(std::move(faults)); }
    return PipelineChain::read(texts);
}

} // namespace canhgac::rules
