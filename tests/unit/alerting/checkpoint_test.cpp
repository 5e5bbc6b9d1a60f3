#include "alerting/checkpoint.hpp"

#include <gtest/gtest.h>

#include "tests/support/memory_state.hpp"

namespace canhgac::alerting {
namespace {

using test::MemoryState;

const event::StateStore::Change kCursor{"cursor/test", "here"};

/// Writes to the end.
void write(CheckpointStore& store, std::uint64_t seq, const std::string& state) {
    store.begin({seq, state});
    while (store.is_writing()) {
        ASSERT_TRUE(store.step(kCursor));
    }
}

TEST(Checkpoint, ReadsWhatItWrites) {
    MemoryState state;
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, kCheckpointPartBytes, 3 * kCheckpointPartBytes + 7}) {
        CheckpointStore store(state);
        ASSERT_TRUE(store.load());
        write(store, 7 + size, std::string(size, 'x'));
        EXPECT_EQ(state.count("corr/part/"), (size + kCheckpointPartBytes - 1) / kCheckpointPartBytes);
        EXPECT_EQ(*state.get("cursor/test").value(), "here");
        CheckpointStore again(state);
        const auto loaded = again.load();
        ASSERT_TRUE(loaded && *loaded);
        EXPECT_EQ((*loaded)->seq, 7 + size);
        EXPECT_EQ((*loaded)->state, std::string(size, 'x'));
    }
}

TEST(Checkpoint, WhereverAWriteEndsThereIsTheOneBefore) {
    MemoryState state;
    state.keep_history();
    CheckpointStore store(state);
    ASSERT_TRUE(store.load());
    const auto content = [](std::uint64_t seq) {
        return std::string(kCheckpointPartBytes * (seq % 4), static_cast<char>('a' + seq)) + std::to_string(seq);
    };
    for (std::uint64_t seq = 1; seq <= 6; ++seq) {
        write(store, seq, content(seq));
    }
    std::uint64_t newest = 0;
    for (const auto& map : state.history()) {
        MemoryState after(map);
        CheckpointStore reader(after);
        const auto loaded = reader.load();
        ASSERT_TRUE(loaded);
        const std::uint64_t seq = *loaded ? (*loaded)->seq : 0;
        EXPECT_TRUE(seq == newest || seq == newest + 1);
        newest = seq;
        if (!*loaded) { continue; }
        EXPECT_EQ((*loaded)->state, content(seq));
        write(reader, 100, "next"); // leftovers of an unfinished one are in nobody's way
        EXPECT_EQ(after.count("corr/part/"), 1U);
        EXPECT_EQ((*CheckpointStore(after).load())->state, "next");
    }
    EXPECT_EQ(newest, 6U);
}

TEST(Checkpoint, ADamagedOneCountsAsNone) {
    MemoryState whole;
    CheckpointStore store(whole);
    write(store, 5, std::string(2 * kCheckpointPartBytes, 'x'));
    for (const auto& [key, value] : whole.content()) {
        if (!key.starts_with("corr/")) { continue; }
        for (const bool gone : {true, false}) {
            MemoryState state(whole.content());
            std::string other = value;
            other[other.size() / 2] = '?';
            const event::StateStore::Change change{key, gone ? std::nullopt : std::optional(other)};
            ASSERT_TRUE(state.write({&change, 1}));
            CheckpointStore reader(state);
            const auto loaded = reader.load();
            ASSERT_TRUE(loaded);
            EXPECT_FALSE(*loaded) << key;
            write(reader, 6, "next");
            EXPECT_EQ((*CheckpointStore(state).load())->seq, 6U);
        }
    }
}

TEST(Checkpoint, AFailingWriteIsMadeAgain) {
    MemoryState state;
    CheckpointStore store(state);
    store.begin({3, "content"});
    state.fail_writes(1);
    EXPECT_FALSE(store.step(kCursor));
    EXPECT_TRUE(store.step(kCursor));
    state.fail_writes(1);
    EXPECT_FALSE(store.step(kCursor));
    EXPECT_TRUE(store.is_writing());
    EXPECT_TRUE(store.step(kCursor).value());
    EXPECT_FALSE(store.is_writing());
    EXPECT_EQ((*CheckpointStore(state).load())->state, "content");
}

} // namespace
} // namespace canhgac::alerting
