#include <fstream>
#include <iterator>
#include <unistd.h>
#include <zip.h>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/bundle_store.hpp"

namespace canhgac::app {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class BundleTest : public testing::Test {
protected:
    void SetUp() override {
        fs::create_directories(folder_ / "in/rules");
        fs::create_directories(folder_ / "in/intel");
        put("in/rules/a.yml", "title: a\n");
        put("in/intel/list.txt", "evil.example\n");
        put("in/.hidden", "no");
    }
    void TearDown() override { fs::remove_all(folder_); }

    void put(const std::string& name, const std::string& text) const {
        std::ofstream(folder_ / name, std::ios::binary) << text;
    }
    [[nodiscard]] std::string get(const fs::path& file) const {
        std::ifstream in(folder_ / file, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    }
    fs::path make(std::uint64_t version, const SecretKey* key = nullptr) {
        const fs::path file = folder_ / fmt::format("{}.signed", version);
        write_bundle(folder_ / "in", version, "2026-11-27T00:00:00Z", key == nullptr ? key_ : *key, file);
        return file;
    }
    std::string refused(const fs::path& file) {
        try {
            BundleStore(folder_ / "store").take_in(file, trusted_);
        } catch (const BundleError& error) { return error.what(); }
        return "imported";
    }
    /// Changes a member of a bundle, adds it when it is not there; an empty text removes it.
    static void change(const fs::path& file, const std::string& name, const std::string& text) {
        zip_t* const zip = zip_open(file.c_str(), 0, nullptr);
        ASSERT_NE(zip, nullptr);
        const auto index = zip_name_locate(zip, name.c_str(), 0);
        if (text.empty()) {
            ASSERT_EQ(zip_delete(zip, static_cast<zip_uint64_t>(index)), 0);
        } else {
            ASSERT_GE(
                zip_file_add(zip, name.c_str(), zip_source_buffer(zip, text.data(), text.size(), 0), ZIP_FL_OVERWRITE),
                0);
        }
        ASSERT_EQ(zip_close(zip), 0);
    }

    fs::path folder_ = fs::temp_directory_path() / fmt::format("bundle.{}", ::getpid());
    SecretKey key_ = make_secret_key();
    std::vector<PublicKey> trusted_ = {key_.public_key()};
};

TEST_F(BundleTest, AnImportIsWhollyThereAndTheOneBeforeIsKept) {
    BundleStore store(folder_ / "store");
    EXPECT_EQ(store.take_in(make(1), trusted_).files.size(), 2U);
    EXPECT_EQ(get("store/current/rules/a.yml"), "title: a\n");
    EXPECT_EQ(get("store/current/intel/list.txt"), "evil.example\n");
    EXPECT_FALSE(fs::exists(folder_ / "store/current/.hidden"));
    put("in/rules/a.yml", "title: b\n");
    store.take_in(make(2), trusted_);
    EXPECT_EQ(get("store/current/rules/a.yml"), "title: b\n");
    EXPECT_EQ(get("store/previous/rules/a.yml"), "title: a\n");
    store.take_in(make(3), trusted_);
    EXPECT_FALSE(fs::exists(folder_ / "store/versions/1")) << "older ones are removed";

    EXPECT_EQ(store.rollback(), 2U);
    EXPECT_EQ(store.current(), 2U);
    EXPECT_EQ(store.previous(), 3U);
    EXPECT_THAT(refused(make(3)), HasSubstr("versions must increase")) << "not even after a rollback";
    EXPECT_EQ(store.take_in(make(4), trusted_).version, 4U);
    EXPECT_EQ(store.previous(), 2U);
}

TEST_F(BundleTest, OldVersionsAreRefusedAndNothingChanges) {
    BundleStore store(folder_ / "store");
    store.take_in(make(5), trusted_);
    put("in/rules/a.yml", "title: older\n");
    EXPECT_THAT(refused(make(4)), HasSubstr("versions must increase"));
    EXPECT_THAT(refused(make(5)), HasSubstr("versions must increase"));
    EXPECT_EQ(get("store/current/rules/a.yml"), "title: a\n");
    EXPECT_EQ(store.current(), 5U);
    EXPECT_FALSE(fs::exists(folder_ / "store/versions/.incoming"));
    EXPECT_THROW(store.rollback(), BundleError) << "there is no previous one";
}

TEST_F(BundleTest, WhatIsNotSignedByATrustedKeyIsRefused) {
    const SecretKey other = make_secret_key();
    EXPECT_THAT(refused(make(1, &other)), HasSubstr("no signature of a trusted key"));
    trusted_.push_back(other.public_key());
    EXPECT_EQ(refused(make(2, &other)), "imported");
    trusted_.clear();
    EXPECT_THAT(refused(make(3)), HasSubstr("no public key is trusted"));
}

TEST_F(BundleTest, AnyChangeIsFound) {
    fs::path file = make(1);
    change(file, "files/rules/a.yml", "title: x\n");
    EXPECT_THAT(refused(file), HasSubstr("rules/a.yml in the bundle is not what the manifest says"));
    file = make(2);
    change(file, "files/rules/a.yml", "title: a\nmore");
    EXPECT_THAT(refused(file), HasSubstr("is not what the manifest says"));
    file = make(3);
    change(file, "files/extra.yml", "x");
    EXPECT_THAT(refused(file), HasSubstr("files that its manifest does not name"));
    file = make(4);
    change(file, "files/rules/a.yml", "");
    EXPECT_THAT(refused(file), HasSubstr("files that its manifest does not name"));
    file = make(5);
    change(file, "manifest.json", R"({"format":1,"version":99,"created":"","files":[]})");
    EXPECT_THAT(refused(file), HasSubstr("no signature of a trusted key"));
    file = make(6);
    change(file, "manifest.sig", "");
    EXPECT_THAT(refused(file), HasSubstr("no manifest.sig"));
    put("text.signed", "not a zip");
    EXPECT_THAT(refused(folder_ / "text.signed"), HasSubstr("text.signed: "));
    EXPECT_THAT(refused(folder_ / "nowhere"), HasSubstr("nowhere: "));
    EXPECT_FALSE(fs::exists(folder_ / "store/current"));
}

TEST_F(BundleTest, PathsCannotLeaveTheFolder) {
    for (const char* path : {"../x", "/etc/passwd", "a//b", "a/../b", ".hidden", "a/.b", "a\\b", "", "a\nb"}) {
        const std::string text =
            fmt::format(R"({{"format":1,"version":1,"created":"","files":[{{"path":{},"size":1,"sha256":""}}]}})",
                        boost::json::serialize(boost::json::string(path)));
        EXPECT_THROW((void)parse_manifest(text), BundleError) << path;
    }
    for (
        const char* text :
        {"", "{}", "[]", R"({"format":2,"version":1,"created":"","files":[]})",
         R"({"format":1,"version":0,"created":"","files":[{"path":"a","size":1,"sha256":""}]})",
         R"({"format":1,"version":1,"created":"","files":[{"path":"b","size":1,"sha256":""},{"path":"a","size":1,"sha256":""}]})",
         R"({"format":1,"version":-1,"created":"","files":[{"path":"a","size":1,"sha256":""}]})"}) {
        EXPECT_THROW((void)parse_manifest(text), BundleError) << text;
    }
    fs::create_symlink("/etc/passwd", folder_ / "in/link");
    EXPECT_THROW(make(1), BundleError) << "links are not packed";
}

TEST_F(BundleTest, Keys) {
    put("key", to_base64(key_.bytes) + "\n");
    EXPECT_EQ(read_secret_key(folder_ / "key").bytes, key_.bytes);
    EXPECT_EQ(parse_public_key(to_base64(key_.public_key())), key_.public_key());
    put("key", "short\n");
    EXPECT_THROW((void)read_secret_key(folder_ / "key"), BundleError);
    EXPECT_THROW((void)read_secret_key(folder_ / "none"), BundleError);
    EXPECT_THROW((void)parse_public_key("AAAA"), BundleError);
}

} // namespace
} // namespace canhgac::app
