#include "collector/protocols/syslog_framing.hpp"

#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "event/schema.hpp"
#include "tests/unit/collector/framing_reference.hpp"

namespace canhgac::collector {
namespace {

using namespace std::string_literals;
using reference::Frame;
using testing::ElementsAre;

constexpr std::uint16_t kCut = event::flag::kTruncated;
constexpr std::uint16_t kLost = event::flag::kUnparsed;

/// In one piece, and byte by byte: both must be the same, and the same as the plain reference.
std::vector<Frame> frames(const std::string& stream, std::size_t max_frame = event::kMaxRecordBytes) {
    const auto whole = reference::frames_by_pieces(stream, max_frame, [&] { return stream.size(); });
    EXPECT_EQ(whole, reference::frames_by_pieces(stream, max_frame, [] { return std::size_t{1}; })) << stream;
    EXPECT_EQ(whole, reference::frames_of(stream, max_frame)) << stream;
    return whole;
}

TEST(SyslogFraming, CutsAtLineEnds) {
    EXPECT_THAT(frames("<13>a\n<13>b\r\n\n<13>c\0<13>d"s),
                ElementsAre(Frame{"<13>a"}, Frame{"<13>b"}, Frame{"<13>c"}, Frame{"<13>d"}));
}

TEST(SyslogFraming, CountsOctets) {
    EXPECT_THAT(frames("5 <13>a6 <13>\nb7 <13>cd\n"), ElementsAre(Frame{"<13>a"}, Frame{"<13>\nb"}, Frame{"<13>cd"}));
}

TEST(SyslogFraming, DetectsEachFrameAnew) {
    EXPECT_THAT(frames("<13>a\n5 <13>b<13>c\n  5 <13>d"),
                ElementsAre(Frame{"<13>a"}, Frame{"<13>b"}, Frame{"<13>c"}, Frame{"<13>d"}));
}

TEST(SyslogFraming, TakesMessagesThatBeginWithADigitAsLines) {
    EXPECT_THAT(frames("2026-11-22 up\n1234567890 long number\n12 Jan down\n"),
                ElementsAre(Frame{"2026-11-22 up"}, Frame{"1234567890 long number"}, Frame{"12 Jan down"}));
    EXPECT_THAT(frames("<13>a\n12 Jan down\n"), ElementsAre(Frame{"<13>a"}, Frame{"12 Jan down"}));
    EXPECT_THAT(frames("0 <13>a\n"), ElementsAre(Frame{"0 <13>a"}));
}

TEST(SyslogFraming, DoesNotBelieveAHugeCount) {
    EXPECT_THAT(frames("999999999 <13>a\n5 <13>b"), ElementsAre(Frame{"999999999 <13>a"}, Frame{"<13>b"}));
}

TEST(SyslogFraming, FindsItsStepAgainWhenACountLies) {
    // Too small: the rest of the message is kept as a frame of its own.
    EXPECT_THAT(frames("5 <13>a-rest5 <13>b5 <13>c"),
                ElementsAre(Frame{"<13>a"}, Frame{"-rest", kLost}, Frame{"<13>b"}, Frame{"<13>c"}));
    // Too large: it swallows the head of the next one.
    EXPECT_THAT(frames("9 <13>a5 <13>b5 <13>c"), ElementsAre(Frame{"<13>a5 <1"}, Frame{"3>b", kLost}, Frame{"<13>c"}));
    // Neither line ends nor counts follow: cut into pieces, nothing thrown away.
    EXPECT_THAT(frames("5 <13>a" + std::string(25, 'x'), 10),
                ElementsAre(Frame{"<13>a"}, Frame{std::string(10, 'x'), kLost}, Frame{std::string(10, 'x'), kLost},
                            Frame{std::string(5, 'x'), kLost}));
}

TEST(SyslogFraming, CutsWhatIsTooLongAndGoesOn) {
    EXPECT_THAT(frames("<13>0123456789\n<13>b\n", 10), ElementsAre(Frame{"<13>012345", kCut}, Frame{"<13>b"}));
    EXPECT_THAT(frames("14 <13>01234567895 <13>b", 10), ElementsAre(Frame{"<13>012345", kCut}, Frame{"<13>b"}));
    EXPECT_THAT(frames("<13>012345\n<13>b\n", 10), ElementsAre(Frame{"<13>012345"}, Frame{"<13>b"}));
}

TEST(SyslogFraming, TakesAMebibyteAndCountsWhatItDiscards) {
    SyslogFramer framer;
    std::vector<event::Record> records;
    std::string line(event::kMaxRecordBytes + 1000, 'x');
    line.append("\n<13>b\n");
    EXPECT_EQ(framer.feed(line, 0, event::PeerId{7}, records), line.size());
    ASSERT_EQ(records.size(), 2U);
    EXPECT_EQ(records[0].size, event::kMaxRecordBytes);
    EXPECT_EQ(records[0].flags, kCut);
    EXPECT_EQ(records[1].peer, event::PeerId{7});
    EXPECT_EQ(framer.discarded_bytes(), 1000U);
}

TEST(SyslogFraming, KeepsWhatWasUnfinished) {
    EXPECT_THAT(frames("20 <13>short"), ElementsAre(Frame{"<13>short", kCut}));
    EXPECT_THAT(frames("<13>no end"), ElementsAre(Frame{"<13>no end"}));
    EXPECT_THAT(frames("12"), ElementsAre(Frame{"12"}));
    EXPECT_THAT(frames("12 "), ElementsAre(Frame{"12 "}));
}

TEST(SyslogFraming, AgreesWithThePlainReferenceOnRandomStreams) {
    std::mt19937 random(20261122); // NOLINT(*-msc51-cpp): the same every time
    const std::string pieces[] = {"<13>",
                                  "\n",
                                  "\r\n",
                                  " ",
                                  "5 ",
                                  "12 <13>",
                                  "0",
                                  "3",
                                  "abc",
                                  "<",
                                  ">",
                                  "x<1",
                                  "1234567890",
                                  "99999 ",
                                  "16 <13>abcdefghijkl",
                                  std::string(1, '\0'),
                                  "é"};
    const auto pick = [&random](std::size_t below) { return static_cast<std::size_t>(random() % below); };
    for (int round = 0; round < 20'000; ++round) {
        std::string stream;
        const std::size_t count = 1 + pick(30);
        for (std::size_t i = 0; i < count; ++i) {
            stream += pieces[pick(std::size(pieces))];
        }
        const std::size_t max_frame = 8 + pick(40);
        const auto want = reference::frames_of(stream, max_frame);
        ASSERT_EQ(want, reference::frames_by_pieces(stream, max_frame, [&] { return 1 + pick(9); }))
            << testing::PrintToString(stream) << " max " << max_frame;
        ASSERT_EQ(want, reference::frames_by_pieces(stream, max_frame, [&] { return stream.size(); }))
            << testing::PrintToString(stream) << " max " << max_frame;
    }
}

} // namespace
} // namespace canhgac::collector
