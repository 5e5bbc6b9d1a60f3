// `canhgac scan` as its parts: streams into batches, batches into lines, lines into documents and summaries.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <zip.h>
#include <zlib.h>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "app/cli.hpp"
#include "app/scan_feed.hpp"
#include "tests/support/evtx_writer.hpp"

namespace canhgac::app {
namespace {

namespace fs = std::filesystem;
using support::EvtxEvent;
using support::EvtxWriter;
using support::utf16;

constexpr std::string_view kRules = R"(title: Dump of credentials, "lsass"
id: 5e2f7ad2-3a6e-4a55-9d77-5a0f9d9f1e01
name: dump
level: high
tags: [attack.credential-access, attack.t1003.001]
logsource: {product: windows, service: sysmon}
detection:
    s: {EventID: 1, CommandLine|contains: lsass}
    condition: s
---
title: Any process
id: 5e2f7ad2-3a6e-4a55-9d77-5a0f9d9f1e02
level: low
tags: [attack.t1059]
logsource: {product: windows, service: sysmon}
detection:
    s: {EventID: 1}
    condition: s
---
title: Many dumps
id: 5e2f7ad2-3a6e-4a55-9d77-5a0f9d9f1e03
level: critical
correlation:
    type: event_count
    rules: [dump]
    generate: true
    group-by: [Computer]
    timespan: 1h
    condition: {gte: 3}
)";

/// `count` events, every tenth with lsass on its command line.
std::string log(std::uint64_t count, const std::string& host = "pc-01") {
    EvtxWriter writer;
    for (std::uint64_t number = 0; number < count; ++number) {
        EvtxEvent event;
        event.number = number + 1;
        event.computer = host;
        event.file_time += number * 10'000'000;
        event.data = {{"CommandLine", {1, utf16(number % 10 == 0 ? "procdump lsass" : "notepad"), {}}}};
        writer.add(event);
    }
    return writer.finish();
}

class Scan : public testing::Test {
protected:
    void SetUp() override {
        folder_ = fs::temp_directory_path() / ("canhgac-scan-" + std::to_string(getpid()) + "-" +
                                               testing::UnitTest::GetInstance()->current_test_info()->name());
        fs::create_directories(folder_);
        write("rules.yml", std::string(kRules));
        options_.rules.paths = {path("rules.yml")};
        options_.output = "jsonl";
    }
    void TearDown() override { fs::remove_all(folder_); }

    [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }
    void write(const std::string& name, const std::string& bytes) const {
        fs::create_directories((folder_ / name).parent_path());
        std::ofstream(folder_ / name, std::ios::binary) << bytes;
    }
    void write_gzip(const std::string& name, const std::string& bytes) const {
        gzFile file = gzopen(path(name).c_str(), "wb");
        gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
        gzclose(file);
    }
    void write_zip(const std::string& name, const std::vector<std::pair<std::string, std::string>>& members) const {
        int code = 0;
        zip_t* archive = zip_open(path(name).c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
        for (const auto& [member, bytes] : members) {
            zip_source_t* source = zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
            ASSERT_GE(zip_file_add(archive, member.c_str(), source, ZIP_FL_ENC_UTF_8), 0);
        }
        ASSERT_EQ(zip_close(archive), 0);
    }
    /// Runs the command; standard output and error go to out_ and err_.
    int scan(std::vector<std::string> inputs) {
        options_.inputs = std::move(inputs);
        testing::internal::CaptureStdout();
        testing::internal::CaptureStderr();
        const int status = run_scan(options_);
        out_ = testing::internal::GetCapturedStdout();
        err_ = testing::internal::GetCapturedStderr();
        return status;
    }
    [[nodiscard]] std::size_t lines() const {
        return static_cast<std::size_t>(std::count(out_.begin(), out_.end(), '\n'));
    }
    [[nodiscard]] boost::json::object stats() const {
        return boost::json::parse(err_.substr(err_.rfind("{\"events\""))).as_object();
    }

    fs::path folder_;
    ScanOptions options_;
    std::string out_;
    std::string err_;
};

TEST_F(Scan, OneLogGivesTheSameHoweverItIsPacked) {
    const std::string bytes = log(30);
    write("a.evtx", bytes);
    write_gzip("a.evtx.gz", bytes);
    write_gzip("inner.gz", bytes);
    std::ifstream packed(path("inner.gz"), std::ios::binary);
    const std::string gzip((std::istreambuf_iterator<char>(packed)), {});
    write_zip("a.zip", {{"logs/a.evtx", bytes}});
    write_zip("b.zip", {{"a.evtx.gz", gzip}});
    fs::copy_file(path("a.zip"), path("archive-by-content"));
    options_.rules.paths = {path("rules.yml")};
    ASSERT_EQ(scan({path("a.evtx")}), kSuccess) << err_;
    EXPECT_EQ(lines(), 34U) << out_; // 30 of any process, 3 dumps, 1 correlation
    const std::string plain = out_;
    for (const auto& [file, shown] :
         std::vector<std::pair<std::string, std::string>>{{"a.evtx.gz", "a.evtx.gz"},
                                                          {"a.zip", "a.zip!logs/a.evtx"},
                                                          {"b.zip", "b.zip!a.evtx.gz"},
                                                          {"archive-by-content", "archive-by-content!logs/a.evtx"}}) {
        ASSERT_EQ(scan({path(file)}), kSuccess) << err_;
        std::string want = plain;
        const std::string from = boost::json::serialize(boost::json::string(path("a.evtx")));
        const std::string to = boost::json::serialize(boost::json::string(path(shown)));
        for (std::size_t at = 0; (at = want.find(from, at)) != std::string::npos; at += to.size()) {
            want.replace(at, from.size(), to);
        }
        EXPECT_EQ(out_, want) << file;
    }
}

TEST_F(Scan, ALineIsWhatTheContractSays) {
    write("a.evtx", log(1));
    ASSERT_EQ(scan({path("a.evtx")}), kSuccess);
    EXPECT_EQ(
        out_.substr(0, out_.find('\n')),
        R"({"event":0,"file":")" + path("a.evtx") +
            R"(","rule":"5e2f7ad2-3a6e-4a55-9d77-5a0f9d9f1e01","title":"Dump of credentials, \"lsass\"",)"
            R"("level":"high","time":"2026-11-24T13:20:00Z","matched":{"EventID":"1","CommandLine":"procdump lsass"}})");
}

TEST_F(Scan, FoldersAreReadInOrderWithEverythingBelow) {
    write("logs/b/2.evtx", log(1, "two"));
    write("logs/a.evtx", log(1, "one"));
    write("logs/b/1.jsonl", R"({"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"Provider_Name":"x"})");
    ASSERT_EQ(scan({path("logs")}), kSuccess) << err_;
    const std::size_t a = out_.find("a.evtx");
    const std::size_t one = out_.find("b/1.jsonl");
    const std::size_t two = out_.find("b/2.evtx");
    EXPECT_TRUE(a < one && one < two && two != std::string::npos) << out_;
}

TEST_F(Scan, ThreadsChangeNothingInTheOutput) {
    std::vector<std::string> inputs;
    for (int i = 0; i < 5; ++i) {
        const std::string name = "log" + std::to_string(i) + ".evtx";
        write(name, log(1'500, "host" + std::to_string(i)));
        inputs.push_back(path(name));
    }
    ASSERT_EQ(scan(inputs), kSuccess);
    const std::string one = out_;
    EXPECT_GT(lines(), 8'000U);
    for (const unsigned threads : {2U, 4U}) {
        options_.threads = threads;
        ASSERT_EQ(scan(inputs), kSuccess);
        EXPECT_TRUE(out_ == one) << threads << " threads";
    }
}

TEST_F(Scan, DamageIsToldCountedAndReadAround) {
    std::string bytes = log(200);
    bytes[4'096 + 30'000] ^= 0x55;
    write("damaged.evtx", bytes.substr(0, 4'096 + 50'000));
    options_.stats = true;
    ASSERT_EQ(scan({path("damaged.evtx")}), kSuccess);
    EXPECT_NE(err_.find("damaged.evtx: chunk 1: it is cut off"), std::string::npos) << err_;
    EXPECT_GE(stats().at("parse_errors").to_number<int>(), 1);
    EXPECT_GT(stats().at("events").to_number<int>(), 80);
}

TEST_F(Scan, WhatCannotBeReadIsNamedAndTheRestIsRead) {
    write("good.evtx", log(1));
    write("noise.bin", std::string("\x7f"
                                   "ELF\0\0\0\0",
                                   8));
    write("empty.evtx", std::string("ElfFile\0", 8) + std::string(4'088 + 65'536, 'x'));
    write_zip("nested.zip", {{"inner.zip", "PK\x03\x04 and more"}});
    write("broken.zip", "not a zip");
    ASSERT_EQ(scan({path("absent.evtx"), path("noise.bin"), path("empty.evtx"), path("nested.zip"), path("broken.zip"),
                    path("good.evtx")}),
              kProblems);
    EXPECT_NE(err_.find("absent.evtx: No such file or directory\n"), std::string::npos) << err_;
    EXPECT_NE(err_.find("noise.bin: is neither text, JSON nor a Windows event log"), std::string::npos) << err_;
    EXPECT_NE(err_.find("empty.evtx: no record of a Windows event log (EVTX) can be found in it"), std::string::npos);
    EXPECT_NE(err_.find("nested.zip!inner.zip: is a zip archive"), std::string::npos) << err_;
    EXPECT_NE(err_.find("broken.zip: zip: "), std::string::npos) << err_;
    EXPECT_NE(out_.find("good.evtx"), std::string::npos);
}

TEST_F(Scan, TheFormatCanBeForced) {
    write("log.bin", std::string("text\nwith\0 zeros\n", 17));
    write("evtx-without-header", std::string(4'096, 'x') + log(3).substr(4'096));
    options_.stats = true;
    options_.format = "evtx";
    ASSERT_EQ(scan({path("evtx-without-header")}), kSuccess) << err_;
    EXPECT_EQ(stats().at("events"), 3);
    EXPECT_NE(err_.find("the header of the file is damaged"), std::string::npos);
    EXPECT_EQ(scan({path("log.bin")}), kProblems);
    options_.format = "lines";
    EXPECT_EQ(scan({path("log.bin")}), kSuccess);
}

TEST_F(Scan, AChunkAloneIsALogToo) {
    write("carved", log(3).substr(4'096));
    options_.stats = true;
    ASSERT_EQ(scan({path("carved")}), kSuccess) << err_;
    EXPECT_EQ(stats().at("events"), 3);
    EXPECT_EQ(stats().at("parse_errors"), 0);
}

TEST_F(Scan, NamesFromArchivesAreCleanedForShow) {
    write_zip("a.zip", {{"../../gpj\xE2\x80\xAE.evtx", log(1)}}); // turns the direction of writing
    ASSERT_EQ(scan({path("a.zip")}), kSuccess) << err_;
    EXPECT_NE(out_.find("a.zip!../../gpj?.evtx"), std::string::npos) << out_;
}

TEST_F(Scan, ArchivesMadeToExhaustAreGivenUp) {
    write_gzip("bomb.gz", std::string(260 << 20, ' '));
    EXPECT_EQ(scan({path("bomb.gz")}), kProblems);
    EXPECT_NE(err_.find("bomb.gz: unpacks to more than 200 times its size"), std::string::npos) << err_;
    options_.max_ratio = 10'000;
    EXPECT_EQ(scan({path("bomb.gz")}), kSuccess) << err_;
    options_.max_unpacked = 100 << 20;
    EXPECT_EQ(scan({path("bomb.gz")}), kProblems);
    EXPECT_NE(err_.find("bomb.gz: unpacks to more than 100 MiB"), std::string::npos) << err_;
}

TEST_F(Scan, JsonIsOneArrayOfTheLines) {
    write("a.evtx", log(20));
    ASSERT_EQ(scan({path("a.evtx")}), kSuccess);
    const std::string plain = out_;
    options_.output = "json";
    ASSERT_EQ(scan({path("a.evtx")}), kSuccess);
    std::string joined;
    const boost::json::value array = boost::json::parse(out_);
    for (const auto& one : array.as_array()) {
        joined += boost::json::serialize(one) + '\n';
    }
    EXPECT_EQ(joined, plain);
    write("none.jsonl", "{}");
    ASSERT_EQ(scan({path("none.jsonl")}), kSuccess);
    EXPECT_EQ(out_, "[\n]\n");
}

TEST_F(Scan, CsvQuotesAndDisarms) {
    write("a.evtx", log(1, "=cmd|'/c calc'!A1"));
    options_.output = "csv";
    ASSERT_EQ(scan({path("a.evtx")}), kSuccess);
    EXPECT_TRUE(out_.starts_with("time,level,rule,title,host,file,event,matched\r\n"
                                 "2026-11-24T13:20:00Z,high,5e2f7ad2-3a6e-4a55-9d77-5a0f9d9f1e01,"
                                 "\"Dump of credentials, \"\"lsass\"\"\",'=cmd|'/c calc'!A1,"))
        << out_;
    EXPECT_NE(out_.find(R"(,0,"{""EventID"":""1"",""CommandLine"":""procdump lsass""}")"), std::string::npos) << out_;
}

TEST_F(Scan, TheTableHasOneReadableLineAMatch) {
    write("a.evtx", log(1, "pc\x1b[31m"));
    options_.output = "table";
    ASSERT_EQ(scan({path("a.evtx")}), kSuccess);
    EXPECT_EQ(lines(), 2U);
    EXPECT_TRUE(out_.starts_with("2026-11-24T13:20:00Z    high     pc?[31m ")) << out_;
    EXPECT_EQ(out_.find('\x1b'), std::string::npos);
}

TEST_F(Scan, TheSummaryCountsByHostRuleAndTechnique) {
    write("a.evtx", log(30, "pc-01"));
    write("b.evtx", log(10, "pc-02"));
    options_.summary = true;
    ASSERT_EQ(scan({path("a.evtx"), path("b.evtx")}), kSuccess) << err_;
    const boost::json::value value = boost::json::parse(out_);
    const auto& summary = value.as_object();
    EXPECT_EQ(summary.at("files"), 2);
    EXPECT_EQ(summary.at("events"), 40);
    EXPECT_EQ(summary.at("matches"), 44);
    EXPECT_EQ(summary.at("first_event"), "2026-11-24T13:20:00Z");
    EXPECT_EQ(summary.at("last_event"), "2026-11-24T13:20:29Z");
    EXPECT_EQ(boost::json::serialize(summary.at("levels")), R"({"low":40,"high":4})");
    EXPECT_EQ(summary.at("timeline").as_array().size(), 4U);
    EXPECT_EQ(boost::json::serialize(summary.at("hosts").as_array()[0]),
              R"({"host":"pc-01","count":33,"rules":2,"highest":"high","first":"2026-11-24T13:20:00Z",)"
              R"("last":"2026-11-24T13:20:29Z"})");
    EXPECT_EQ(boost::json::serialize(summary.at("techniques").as_array()[0]),
              R"({"technique":"T1003.001","count":4,"rules":1,"highest":"high","first":"2026-11-24T13:20:00Z",)"
              R"("last":"2026-11-24T13:20:20Z"})");
    EXPECT_EQ(summary.at("correlations").as_array().size(), 1U);
    options_.output = "table";
    ASSERT_EQ(scan({path("a.evtx"), path("b.evtx")}), kSuccess);
    EXPECT_TRUE(out_.starts_with("2 files, 40 events (0 damaged or unreadable), 2026-11-24T13:20:00Z to "
                                 "2026-11-24T13:20:29Z\n44 matches: high 4, low 40\n"))
        << out_;
    EXPECT_NE(out_.find("T1003.001"), std::string::npos);
    EXPECT_NE(out_.find("CORRELATIONS\n"), std::string::npos) << out_;
}

} // namespace
} // namespace canhgac::app
