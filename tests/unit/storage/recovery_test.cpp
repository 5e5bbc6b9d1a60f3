/// What was acknowledged survives: kill -9 in a loop under load, and a disk that fills up.
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <unistd.h>

#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "tests/unit/storage/store_fixture.hpp"

namespace canhgac::storage {
namespace {

JournalOptions load_options() {
    JournalOptions options;
    options.queue_bytes = 64 * common::kKiB;
    options.wal_bytes = common::kMiB; // so that flushes fall into the test too
    options.memory_bytes = 4 * common::kMiB;
    options.seal.after = 0; // and sealing, at any of its steps
    options.seal.rows = 200;
    return options;
}

/// Batches of numbered events with keys and detections; each acknowledged number goes down the pipe. Numbers start at
/// `first`. Runs until it is killed.
[[noreturn]] void load(const std::filesystem::path& folder, std::uint32_t first, int pipe_end) {
    event::FieldTable names;
    const common::SystemClock clock;
    common::MetricsRegistry metrics;
    common::Logger logger(common::LogLevel::error);
    JournalStore store(folder, load_options(), names, clock, metrics, logger);
    const auto source = store.sources().intern({"10.0.0.1", "child " + std::to_string(first)}, 1);
    event::EventBatch batch;
    for (std::uint32_t number = first;; number += 5) {
        batch.reset();
        std::vector<event::DetectionRecord> detections(1);
        std::vector<std::uint64_t> keys;
        for (std::uint32_t i = 0; i < 5; ++i) {
            samples::add(batch, names, samples::kStart + number + i, "event " + std::to_string(number + i),
                         {{"n" + std::to_string(number % 97), "v"}}, static_cast<std::uint32_t>(source));
            keys.push_back(0x9E3779B97F4A7C15U * (number + i + 1));
        }
        detections.front().title = std::to_string(number);
        store.events().append(store.events().prepare(batch, detections, keys), [number, pipe_end](bool durable) {
            if (durable && ::write(pipe_end, &number, sizeof number) != sizeof number) { ::_exit(1); }
        });
    }
}

/// The program of the child: a process of its own, so that it has the threads a server has. Not a test: it asks for
/// what `start_load` sets.
TEST(RecoveryTest, DISABLED_Load) {
    const char* folder = std::getenv("CANHGAC_LOAD_FOLDER"); // NOLINT(concurrency-mt-unsafe): no other thread yet
    const char* first = std::getenv("CANHGAC_LOAD_FIRST");   // NOLINT(concurrency-mt-unsafe)
    const char* end = std::getenv("CANHGAC_LOAD_PIPE");      // NOLINT(concurrency-mt-unsafe)
    ASSERT_TRUE(folder != nullptr && first != nullptr && end != nullptr);
    load(folder, static_cast<std::uint32_t>(std::stoul(first)), std::stoi(end));
}

/// Starts DISABLED_Load of this program; its acknowledgements come out of `pipe_end`.
pid_t start_load(const std::filesystem::path& folder, std::uint32_t first, int pipe_end) {
    const std::vector<std::string> words = {"test_storage", "--gtest_filter=RecoveryTest.DISABLED_Load",
                                            "--gtest_also_run_disabled_tests", "--gtest_output=", "--gtest_brief=1"};
    const std::vector<std::string> set = {"CANHGAC_LOAD_FOLDER=" + folder.string(),
                                          "CANHGAC_LOAD_FIRST=" + std::to_string(first),
                                          "CANHGAC_LOAD_PIPE=" + std::to_string(pipe_end)};
    const auto pointers = [](const std::vector<std::string>& texts) {
        std::vector<char*> result;
        for (const std::string& text : texts) {
            result.push_back(const_cast<char*>(text.c_str())); // NOLINT(cppcoreguidelines-pro-type-const-cast): execve
        }
        result.push_back(nullptr);
        return result;
    };
    const auto arguments = pointers(words);
    const auto environment = pointers(set);
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::execve("/proc/self/exe", arguments.data(), environment.data());
        ::_exit(127);
    }
    return pid;
}

TEST(RecoveryTest, KillNineLosesAndDoublesNothing) {
#ifdef __SANITIZE_THREAD__
    GTEST_SKIP() << "ThreadSanitizer does not see how RocksDB hands one thread's batch to another that writes it";
#endif
    const TemporaryFolder folder;
    std::set<std::uint32_t> acknowledged;
    const auto sealed = folder.path() / "day" / "2026-11-22";
    constexpr int kRounds = 12;
    constexpr int kMostRounds = 40; // on a busy machine, until something was sealed
    for (int round = 0; round < kRounds || (round < kMostRounds && !std::filesystem::exists(sealed)); ++round) {
        int ends[2];
        ASSERT_EQ(::pipe(ends), 0);
        ASSERT_EQ(::fcntl(ends[0], F_SETFD, FD_CLOEXEC), 0);
        const pid_t pid = start_load(folder.path(), static_cast<std::uint32_t>(round) * 10'000'000, ends[1]);
        ASSERT_GE(pid, 0);
        ::close(ends[1]);
        // Every third dies while it starts, the others under load.
        const auto life = std::chrono::milliseconds(round % 3 == 0 ? 20 + round * 11 : 400 + round * 37);
        std::thread killer([pid, life] {
            std::this_thread::sleep_for(life);
            ::kill(pid, SIGKILL);
        });
        std::uint32_t number = 0;
        while (::read(ends[0], &number, sizeof number) == sizeof number) {
            acknowledged.insert(number);
        }
        ::close(ends[0]);
        killer.join();
        int status = 0;
        ::waitpid(pid, &status, 0);
        ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself";
    }
    ASSERT_GT(acknowledged.size(), 100U);

    event::FieldTable names;
    const common::SystemClock clock;
    common::MetricsRegistry metrics;
    common::Logger logger(common::LogLevel::error);
    EXPECT_TRUE(std::filesystem::exists(sealed)) << "nothing was sealed";
    JournalOptions options = load_options();
    options.seal.on = false;
    const auto start = std::chrono::steady_clock::now();
    JournalStore store(folder.path(), options, names, clock, metrics, logger);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
    std::map<std::string, int> found;
    std::map<event::SourceId, std::uint64_t> by_source;
    ASSERT_TRUE(store.events().scan(0, samples::kStart + common::kDay, [&](const event::StoredEvent& event) {
        ++found[std::string(event.raw)];
        ++by_source[event.source];
        EXPECT_EQ(event.fields.size(), 1U);
        EXPECT_EQ(event.fields.front().first.front(), 'n');
        return true;
    }));
    std::map<std::string, int> detected;
    ASSERT_TRUE(store.detections().read(0, UINT64_MAX,
                                        [&detected](event::DetectionRecord&& record) { ++detected[record.title]; }));
    for (const std::uint32_t number : acknowledged) {
        for (std::uint32_t i = 0; i < 5; ++i) {
            ASSERT_EQ(found["event " + std::to_string(number + i)], 1) << number + i;
        }
        ASSERT_EQ(detected[std::to_string(number)], 1) << number;
    }
    for (const auto& [line, times] : found) {
        ASSERT_EQ(times, 1) << line;
    }
    EXPECT_EQ(found.size(), detected.size() * 5) << "a batch and its detections are one";
    for (const auto& [source, count] : by_source) {
        EXPECT_EQ(store.sources().totals(source).stored, count);
    }
    const auto report = store.verify();
    ASSERT_TRUE(report);
    EXPECT_EQ(report->first_bad_seq, 0U) << report->problem;
    // Sent again, as clients do that saw no answer: nothing is stored twice.
    event::EventBatch batch;
    samples::add(batch, names, samples::kStart, "event " + std::to_string(*acknowledged.begin()), {});
    Fate fate;
    const std::vector<std::uint64_t> keys = {0x9E3779B97F4A7C15U * (*acknowledged.begin() + 1)};
    store.events().append(store.events().prepare(batch, {}, keys), fate.callback());
    EXPECT_TRUE(fate.wait());
    EXPECT_EQ(store.events().committed() * 5, found.size());
}

class FullDiskTest : public StoreTest {
protected:
    void SetUp() override {
        if (::mount("canhgac-test", folder_.path().c_str(), "tmpfs", 0, "size=64m") != 0) {
            GTEST_SKIP() << "needs root to mount a small tmpfs: the full disk is NOT tested";
        }
        mounted_ = true;
        options_.memory_bytes = 8 * common::kMiB;
        options_.wal_bytes = 4 * common::kMiB;
    }
    void TearDown() override {
        store_.reset();
        if (mounted_) { ::umount2(folder_.path().c_str(), MNT_DETACH); }
    }
    bool append_random(unsigned seed) {
        std::mt19937 random(seed);
        std::string noise(200'000, ' ');
        for (char& c : noise) {
            c = static_cast<char>(random());
        }
        event::EventBatch batch;
        samples::add(batch, *names_, samples::kStart + seed, noise, {});
        return append(batch, {}, {seed + 1});
    }
    /// Fills the disk by batches until one is refused, frees room, and expects the store to go on with all it
    /// acknowledged.
    void fill_and_free() {
        const auto ballast = folder_.path() / "ballast";
        std::ofstream(ballast) << std::string(24 * common::kMiB, 'b');
        open();
        unsigned sent = 0;
        while (sent < 200 && append_random(sent)) {
            ++sent;
        }
        ASSERT_GT(sent, 5U);
        ASSERT_LT(sent, 200U) << "the disk never filled up";
        EXPECT_EQ(everything().size(), sent) << "reading goes on";
        std::filesystem::remove(ballast);
        ASSERT_TRUE(append_random(sent)) << "refused although there is room again";
        EXPECT_EQ(everything().size(), sent + 1);
        open();
        EXPECT_EQ(everything().size(), sent + 1);
        const auto report = store_->verify();
        ASSERT_TRUE(report);
        EXPECT_EQ(report->first_bad_seq, 0U) << report->problem;
        EXPECT_THAT(metrics_->text(), testing::HasSubstr("canhgac_store_errors_total"));
    }
    bool mounted_ = false;
};

TEST_F(FullDiskTest, RefusesWhileLittleIsLeftAndGoesOn) {
    options_.min_free_bytes = 6 * common::kMiB;
    fill_and_free();
}

TEST_F(FullDiskTest, SurvivesADiskFullToTheLastByte) {
    options_.min_free_bytes = 0;
    fill_and_free();
}

} // namespace
} // namespace canhgac::storage
