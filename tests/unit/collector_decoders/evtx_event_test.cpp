// BinXML written token by token, and the events it must become.
#include "collector/decoders/evtx_event.hpp"

#include <string>

#include <gtest/gtest.h>

#include "decoder_harness.hpp"
#include "tests/support/allocation_count.hpp"
#include "tests/support/event_samples.hpp"
#include "tests/support/evtx_writer.hpp"

namespace canhgac::collector {
namespace {

using support::EvtxEvent;
using support::EvtxInput;
using support::EvtxWriter;
using support::EvtxXml;
using support::little_endian;
using support::utf16;

constexpr std::uint8_t kText = 0x01;
constexpr std::uint8_t kNested = 0x21;

EvtxInput text(std::string_view utf8) {
    return {kText, utf16(utf8), {}};
}

class EvtxEvents : public testing::Test {
protected:
    /// Decodes a file made of one record.
    void decode(const std::function<void(EvtxXml&)>& write) {
        EvtxWriter writer;
        writer.add(7, 134'400'000'000'000'000, [&](std::size_t offset) {
            EvtxXml xml(writer, offset);
            xml.fragment();
            write(xml);
            return xml.end_of_fragment().bytes();
        });
        decode(writer.finish());
    }
    void decode(const std::string& file) {
        records_ = support::evtx_batch(file, peer_);
        batch_.reset();
        std::vector<std::uint64_t> keys;
        decoder_.decode(records_, batch_, keys);
    }
    [[nodiscard]] const event::Event& event(std::size_t i = 0) const { return batch_.events()[i]; }
    /// "name=value" of every field but the receiver's own, in order; null is "name".
    [[nodiscard]] std::string fields(std::size_t i = 0) const {
        std::string out;
        for (const event::Field& field : batch_.fields(event(i))) {
            if (field.name() == event::field::kLogSource || field.name() == event::field::kOrganizationName) {
                continue;
            }
            out += out.empty() ? "" : " ";
            out += table_.name(field.name());
            if (!field.is_null()) { (out += '=') += field.text(); }
        }
        return out;
    }

    event::FieldTable table_;
    PeerTable peers_;
    event::PeerId peer_ = peers_.intern_local("test");
    RecordDecoder decoder_{table_, peers_, nullptr};
    event::RecordBatch records_;
    event::EventBatch batch_;
};

TEST_F(EvtxEvents, AUsualEventHasSigmasNamesItsTimeAndItsBytes) {
    EvtxWriter writer;
    EvtxEvent one;
    one.data = {{"Image", text(R"(C:\Windows\x.exe)")}, {"ProcessId", {8, little_endian(std::uint32_t{4'460}), {}}}};
    writer.add(one);
    decode(writer.finish());
    ASSERT_EQ(batch_.size(), 1U);
    EXPECT_EQ(event().format, event::Format::windows_event);
    EXPECT_EQ(common::format_rfc3339(event().time), "2026-11-24T13:20:00Z");
    EXPECT_EQ(event().flags, 0U);
    EXPECT_TRUE(event().raw.starts_with(std::string_view("**\0\0", 4)));
    EXPECT_EQ(event().raw.size(), load_evtx<std::uint32_t>(event().raw.data() + 4));
    EXPECT_EQ(fields(), "Provider_Name=Microsoft-Windows-Sysmon EventID=1 Level=4 Keywords=0x8000000000000000 "
                        "TimeCreated_SystemTime=2026-11-24T13:20:00.0000000Z EventRecordID=1 Correlation "
                        "Execution_ProcessID=2948 Execution_ThreadID=3104 Channel=Microsoft-Windows-Sysmon/Operational "
                        "Computer=host.example Security_UserID=S-1-5-18 Image=C:\\Windows\\x.exe ProcessId=4460 "
                        "event.code=1 host.name=host.example process.name=x.exe");
}

TEST_F(EvtxEvents, TemplatesServeEveryRecordOfTheirChunkAndAreMadeAnewInTheNext) {
    EvtxWriter writer;
    for (std::uint64_t number = 1; number <= 500; ++number) {
        EvtxEvent one;
        one.number = number;
        one.data = {{"CommandLine", text("run " + std::to_string(number))}, {number % 2 == 0 ? "A" : "B", text("x")}};
        writer.add(one);
    }
    const std::string file = writer.finish();
    EXPECT_GE(file.size(), 4'096U + 2 * 65'536U);
    decode(file);
    ASSERT_EQ(batch_.size(), 500U);
    for (std::size_t i = 0; i < 500; ++i) {
        const std::string number = std::to_string(i + 1);
        const std::string want = "CommandLine=run " + number + (i % 2 == 0 ? " B=x" : " A=x");
        EXPECT_NE(fields(i).find(want), std::string::npos) << fields(i);
    }
}

TEST_F(EvtxEvents, UnnamedDataRepeatsAndArraysToo) {
    const std::string array = utf16("one") + std::string(2, '\0') + utf16("two") + std::string(2, '\0');
    EvtxWriter writer;
    EvtxEvent one;
    one.data = {{"", text("first")}, {"", text("second")}, {"", {kText | 0x80, array, {}}}};
    writer.add(one);
    decode(writer.finish());
    EXPECT_NE(fields().find(" Data=first Data=second Data=one Data=two "), std::string::npos) << fields();
}

TEST_F(EvtxEvents, UserDataNestsOneDeeper) {
    decode([](EvtxXml& xml) {
        xml.open("Event").close_start().open("System").close_start();
        xml.open("EventID").close_start().text("104").end().end();
        xml.open("UserData").close_start().open("LogFileCleared", true).attribute("xmlns").text("x").close_start();
        xml.open("SubjectUserName").close_start().text("an").end();
        xml.open("BackupPath").close_empty().end().end().end();
    });
    EXPECT_EQ(fields(), "EventID=104 SubjectUserName=an BackupPath event.code=104 user.name=an");
    EXPECT_EQ(common::format_rfc3339(event().time), "2026-11-24T13:20:00Z"); // the time the record was written
}

TEST_F(EvtxEvents, TextsInPiecesEntitiesAndCharactersAreJoined) {
    decode([](EvtxXml& xml) {
        xml.open("Event").close_start().open("EventData").close_start();
        xml.open("Data", true).attribute("Name").text("Line").close_start();
        xml.text("a ").entity("lt").entity("amp").raw("\x08\x42\x00", 3).raw("\x07\x01\x00\x3E\x00", 5).end();
        xml.end().end();
    });
    EXPECT_EQ(fields(), "Line=a <&B>");
}

TEST_F(EvtxEvents, ElementsWrittenDirectlyIntoAValueHaveNoDependency) {
    for (const bool dependency : {false, true}) {
        EvtxWriter writer;
        writer.add(1, 0, [&](std::size_t offset) {
            EvtxXml xml(writer, offset);
            const auto nested = [&](std::size_t at) {
                EvtxXml inner(writer, at);
                inner.open("EventData", false, dependency).close_start();
                inner.open("Data", true, dependency).attribute("Name").text("Key").close_start().text("v").end().end();
                return inner.bytes();
            };
            xml.fragment().instance(
                "t", [](EvtxXml& body) { body.open("Event").close_start().value(0, kNested, true).end(); },
                {{kNested, {}, nested}});
            return xml.end_of_fragment().bytes();
        });
        decode(writer.finish());
        EXPECT_EQ(fields(), "Key=v");
    }
}

TEST_F(EvtxEvents, NullsNamesFromValuesAndForwardedTexts) {
    decode([](EvtxXml& xml) {
        xml.instance(
            "t",
            [](EvtxXml& body) {
                body.open("Event").close_start().open("EventData").close_start();
                body.open("Data", true).attribute("Name").value(0, kText).close_start().value(1, kText).end();
                body.open("Data", true).attribute("Name").text("Nothing").close_start().value(2, kText).end();
                body.open("Data", true).attribute("Name").text("Empty").close_start().value(3, kText).end().end();
                body.open("RenderingInfo", true).attribute("Culture").text("vi-VN").close_start();
                body.open("Message").close_start().value(1, kText).end().end().value(2, kNested).end();
            },
            {text("Given"), text("value"), {0, {}, {}}, {kText, {}, {}}});
    });
    EXPECT_EQ(fields(),
              "Given=value Nothing Empty= RenderingInfo.#attributes.Culture=vi-VN RenderingInfo.Message=value");
}

TEST_F(EvtxEvents, ABrokenRecordKeepsItsReadableTextAndItsNeighbours) {
    EvtxWriter writer;
    const auto plain = [&](std::uint64_t number) {
        EvtxEvent one;
        one.number = number;
        one.data = {{"Image", text("good.exe")}};
        writer.add(one);
    };
    plain(1);
    writer.add(2, 0, [&](std::size_t offset) {
        EvtxXml xml(writer, offset);
        return xml.fragment().open("Event").close_start().text("mimikatz.exe").raw("\x1F", 1).bytes();
    });
    plain(3);
    decode(writer.finish());
    ASSERT_EQ(batch_.size(), 3U);
    EXPECT_NE(fields(0).find("Image=good.exe"), std::string::npos);
    EXPECT_NE(event(1).flags & event::flag::kUnparsed, 0);
    EXPECT_NE(fields(1).find("mimikatz.exe event.parse_error=EVTX: token that may not stand there at byte "),
              std::string::npos)
        << fields(1);
    EXPECT_NE(fields(2).find("Image=good.exe"), std::string::npos);
}

TEST_F(EvtxEvents, ATemplateThatIsAnotherOneThanNamedIsNotUsed) {
    EvtxWriter writer;
    EvtxEvent one;
    one.data = {{"Image", text("x")}};
    writer.add(one);
    std::string file = writer.finish();
    file[4'096 + 512 + 24 + 4 + 2] ^= 1; // the identifier in the instance
    support::fix_evtx_checksums(file, 4'096);
    decode(file);
    ASSERT_EQ(batch_.size(), 1U);
    EXPECT_NE(fields().find("event.parse_error=EVTX: template missing or another one than named"), std::string::npos);
}

TEST_F(EvtxEvents, ATemplateReadFurtherOutMayRunDeepInside) {
    const std::string long_name(300, 'n'); // kept nowhere, so that what is inside gets one place for all depths
    EvtxWriter writer;
    writer.add(1, 0, [&](std::size_t offset) {
        const auto deep = [&](EvtxXml& body) {
            for (int i = 0; i < 40; ++i) {
                body.open("E").close_start();
            }
            body.open("Data", true).attribute("Name").value(1, kText).close_start().value(2, kText).end();
            body.open(long_name).close_start().value(0, kNested).end();
            for (int i = 0; i < 40; ++i) {
                body.end();
            }
        };
        std::function<std::string(std::size_t, int)> level = [&](std::size_t at, int left) {
            EvtxXml inner(writer, at);
            const EvtxInput nested{kNested, {}, [&level, left](std::size_t place) { return level(place, left - 1); }};
            inner.fragment().instance("deep", deep,
                                      {left == 0 ? EvtxInput{} : nested, text(std::string(400, 'k')), text("v")});
            return inner.bytes();
        };
        EvtxXml xml(writer, offset);
        const EvtxInput start{kNested, {}, [&level](std::size_t place) { return level(place, 4); }};
        xml.fragment().instance(
            "outer",
            [&](EvtxXml& body) {
                body.open("Event").close_start().open(long_name).close_start().value(0, kNested).end().end();
            },
            {start});
        return xml.end_of_fragment().bytes();
    });
    decode(writer.finish());
    std::string path;
    for (int i = 0; i < 40; ++i) {
        path += "E.";
    }
    std::string want;
    for (int i = 0; i < 5; ++i) {
        (want += i == 0 ? "event.overflow=" : " event.overflow=") += path;
        want.append(400, 'k') += "=v";
    }
    EXPECT_EQ(fields().substr(0, want.size()), want);
    EXPECT_EQ(event().flags & event::flag::kUnparsed, 0);
}

TEST_F(EvtxEvents, AWarmDecoderTakesNothingFromTheHeap) {
    EvtxWriter writer;
    for (std::uint64_t number = 1; number <= 300; ++number) {
        EvtxEvent one;
        one.number = number;
        one.data = {{"CommandLine", text("run")}, {"Hash", {14, "1234", {}}}, {"N", {8, little_endian(7U), {}}}};
        writer.add(one);
    }
    const event::RecordBatch records = support::evtx_batch(writer.finish(), peer_);
    std::vector<std::uint64_t> keys;
    const auto run = [&] {
        batch_.reset();
        keys.clear();
        decoder_.decode(records, batch_, keys);
    };
    run();
    run();
    const std::size_t before = support::allocation_count();
    for (int round = 0; round < 10; ++round) {
        run();
    }
    EXPECT_EQ(support::allocation_count() - before, 0U);
}

} // namespace
} // namespace canhgac::collector
