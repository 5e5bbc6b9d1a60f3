#include "rules/embedded.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

namespace canhgac::rules {
namespace {

TEST(Embedded, FilesAreThoseOfTheSourceTree) {
    const auto files = embedded_files();
    ASSERT_GE(files.size(), 4U);
    EXPECT_TRUE(std::is_sorted(files.begin(), files.end(),
                               [](const auto& left, const auto& right) { return left.path < right.path; }));
    for (const auto& file : files) {
        std::ifstream stream(std::filesystem::path(CANHGAC_SOURCE_DIR) / file.path, std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(stream), {}};
        EXPECT_EQ(file.text, text) << file.path;
    }
}

TEST(Embedded, TheTableAndThePackAreWithoutFault) {
    EXPECT_GE(load_embedded_logsources().size(), 80U);
    const auto pack = read_embedded_pack();
    for (const auto& rejection : pack.rejected) {
        ADD_FAILURE() << to_string(rejection);
    }
    const auto is_pack_rule = [](const EmbeddedFile& file) {
        return file.path.starts_with("rules/pack/") && file.path.ends_with(".yml");
    };
    const auto files = embedded_files();
    EXPECT_EQ(pack.files, static_cast<std::size_t>(std::count_if(files.begin(), files.end(), is_pack_rule)));
}

/// Every rule of the pack must be able to see some event.
TEST(Embedded, EveryPackRuleHasALogSourceOfTheTable) {
    const auto table = load_embedded_logsources();
    for (const auto& rule : read_embedded_pack().rules) {
        EXPECT_TRUE(std::any_of(table.begin(), table.end(), [&](const auto& entry) {
            return contains(rule.logsource, entry.logsource);
        })) << rule.at.file;
    }
}

} // namespace
} // namespace canhgac::rules
