/// Files replaced as a whole: the text, the mode, what a dead writer left, and the errors.
#include "common/durable_file.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace canhgac::common {
namespace {

namespace fs = std::filesystem;

class DurableFileTest : public testing::Test {
protected:
    void SetUp() override {
        std::string name = (fs::temp_directory_path() / "canhgac-durable-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
    }
    void TearDown() override { fs::remove_all(folder_); }
    [[nodiscard]] static std::string text(const fs::path& path) {
        std::ifstream file(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    [[nodiscard]] static unsigned mode(const fs::path& path) {
        struct stat info {};
        EXPECT_EQ(::stat(path.c_str(), &info), 0);
        return info.st_mode & 0777U;
    }
    fs::path folder_;
};

TEST_F(DurableFileTest, MakesAndReplacesAndLeavesNothingElse) {
    const fs::path path = folder_ / "key";
    replace_file(path, "first");
    EXPECT_EQ(text(path), "first");
    EXPECT_EQ(mode(path), 0600U);
    replace_file(path, std::string_view("a\0b", 3), FileAccess::everyone);
    EXPECT_EQ(text(path), std::string("a\0b", 3));
    EXPECT_EQ(mode(path) & 0600U, 0600U);
    EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

TEST_F(DurableFileTest, WhatADeadWriterLeftIsNotTrusted) {
    const fs::path path = folder_ / "key";
    const fs::path elsewhere = folder_ / "elsewhere";
    std::ofstream(elsewhere) << "untouched";
    fs::create_symlink(elsewhere, folder_ / "key.new");
    replace_file(path, "mine");
    EXPECT_EQ(text(path), "mine");
    EXPECT_FALSE(fs::is_symlink(path));
    EXPECT_EQ(text(elsewhere), "untouched");
    std::ofstream(folder_ / "key.new") << "half of a k";
    ::chmod((folder_ / "key.new").c_str(), 0666);
    replace_file(path, "again");
    EXPECT_EQ(text(path), "again");
    EXPECT_EQ(mode(path), 0600U) << "the mode of the left-over must not live on";
}

TEST_F(DurableFileTest, AnErrorNamesTheFileAndKeepsTheOldOne) {
    const fs::path path = folder_ / "kept";
    fs::create_directory(path); // a file cannot be renamed over a folder
    try {
        replace_file(path, "x");
        FAIL() << "a folder was replaced";
    } catch (const std::system_error& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr(path.string()));
        EXPECT_EQ(error.code(), std::errc::is_a_directory);
    }
    EXPECT_TRUE(fs::is_directory(path));
    EXPECT_FALSE(fs::exists(folder_ / "kept.new"));
    EXPECT_THROW(replace_file(folder_ / "no" / "folder", "x"), std::system_error);
    EXPECT_EQ(sync_path(folder_ / "nothing"), std::errc::no_such_file_or_directory);
    EXPECT_FALSE(sync_path(folder_));
}

} // namespace
} // namespace canhgac::common
