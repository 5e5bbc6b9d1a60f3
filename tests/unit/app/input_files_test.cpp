#include "app/input_files.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <zip.h>
#include <zlib.h>

#include <gtest/gtest.h>

namespace canhgac::app {
namespace {

class InputFiles : public testing::Test {
protected:
    void SetUp() override {
        folder_ = std::filesystem::temp_directory_path() / ("canhgac-input-" + std::to_string(getpid()));
        std::filesystem::create_directories(folder_);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::vector<std::pair<std::string, std::string>> read(const std::string& name) {
        std::vector<std::pair<std::string, std::string>> streams;
        errors_ = visit_input((folder_ / name).string(),
                              [&](const std::string& shown, InputStream& in) -> common::Result<void, std::string> {
                                  auto text = read_all(in, 1 << 20);
                                  if (!text) { return common::fail(text.error()); }
                                  streams.emplace_back(std::filesystem::path(shown).filename().string(), *text);
                                  return {};
                              });
        return streams;
    }

    std::filesystem::path folder_;
    std::vector<InputError> errors_;
};

TEST_F(InputFiles, PlainGzipAndZipGiveTheSameText) {
    std::ofstream(folder_ / "a.json") << "{\"a\":1}\n";
    gzFile gz = gzopen((folder_ / "a.json.gz").c_str(), "wb");
    gzputs(gz, "{\"a\":1}\n");
    gzclose(gz);
    int code = 0;
    zip_t* archive = zip_open((folder_ / "a.zip").c_str(), ZIP_CREATE, &code);
    for (const char* name : {"x.json", "__MACOSX/._x.json"}) {
        zip_file_add(archive, name, zip_source_buffer(archive, "{\"a\":1}\n", 8, 0), 0);
    }
    zip_close(archive);

    using Streams = std::vector<std::pair<std::string, std::string>>;
    EXPECT_EQ(read("a.json"), (Streams{{"a.json", "{\"a\":1}\n"}}));
    EXPECT_EQ(read("a.json.gz"), (Streams{{"a.json.gz", "{\"a\":1}\n"}}));
    EXPECT_EQ(read("a.zip"), (Streams{{"a.zip!x.json", "{\"a\":1}\n"}}));
    EXPECT_TRUE(errors_.empty());
}

TEST_F(InputFiles, WhatCannotBeReadIsReported) {
    EXPECT_TRUE(read("absent.json").empty());
    ASSERT_EQ(errors_.size(), 1U);
    std::ofstream(folder_ / "bad.zip") << "not a zip";
    EXPECT_TRUE(read("bad.zip").empty());
    ASSERT_EQ(errors_.size(), 1U);
    std::ofstream(folder_ / "cut.gz", std::ios::binary)
        << std::string("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x4b", 11);
    read("cut.gz");
    EXPECT_EQ(errors_.size(), 1U);
}

TEST_F(InputFiles, AFolderGivesItsFilesByPathAndAnArchiveItsMembersByName) {
    std::filesystem::create_directories(folder_ / "logs" / "b");
    for (const char* name : {"b/2", "b.log", "a", "b/1"}) {
        std::ofstream(folder_ / "logs" / name) << name;
    }
    std::filesystem::create_directory_symlink(folder_ / "logs", folder_ / "logs" / "loop");
    using Streams = std::vector<std::pair<std::string, std::string>>;
    EXPECT_EQ(read("logs"), (Streams{{"a", "a"}, {"b.log", "b.log"}, {"1", "b/1"}, {"2", "b/2"}}));
    int code = 0;
    zip_t* archive = zip_open((folder_ / "m.zip").c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
    for (const char* name : {"b", "a"}) {
        zip_file_add(archive, name, zip_source_buffer(archive, name, 1, 0), 0);
    }
    zip_close(archive);
    EXPECT_EQ(read("m.zip"), (Streams{{"m.zip!a", "a"}, {"m.zip!b", "b"}}));
    EXPECT_TRUE(errors_.empty());
}

TEST_F(InputFiles, GzipMembersFollowEachOther) {
    for (const char* text : {"one", "two"}) {
        gzFile gz = gzopen((folder_ / "two.gz").c_str(), "ab");
        gzputs(gz, text);
        gzclose(gz);
    }
    using Streams = std::vector<std::pair<std::string, std::string>>;
    EXPECT_EQ(read("two.gz"), (Streams{{"two.gz", "onetwo"}}));
}

TEST(Printable, ReplacesWhatAReaderCannotTrust) {
    EXPECT_EQ(printable("Nhật ký.evtx"), "Nhật ký.evtx");
    EXPECT_EQ(printable("a\x1b[2J\nb\x7f\xC2\x9B"), "a?[2J?b??");
    EXPECT_EQ(printable("gpj.\xE2\x80\xAE"
                        "exe"),
              "gpj.?exe");
    EXPECT_EQ(printable("\xFFx"), "\xEF\xBF\xBDx");
}

} // namespace
} // namespace canhgac::app
