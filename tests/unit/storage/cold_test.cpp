/// Days on a cold volume: found as before, whole after a crash at any step, missed openly when the volume is away.
#include <fstream>

#include <gmock/gmock.h>

#include "storage/cold_folder.hpp"
#include "storage/housekeeper.hpp"
#include "tests/unit/storage/seal_fixture.hpp"

namespace canhgac::storage {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Place = JournalStore::Place;

const std::uint16_t kColdDay = day_of(samples::kStart);

class ColdTest : public SealTest {
protected:
    void SetUp() override {
        options_.cold_path = cold_.path() / "volume";
        fs::create_directories(options_.cold_path);
        open();
    }
    void move() {
        const auto moved = store_->move_to_cold(kColdDay);
        ASSERT_TRUE(moved) << moved.error().message();
    }
    /// The folder of the store on the volume.
    [[nodiscard]] fs::path copies() const {
        std::string name;
        std::getline(std::ifstream(folder_.path() / "chain.pub"), name);
        return options_.cold_path / name.substr(0, 16);
    }
    [[nodiscard]] fs::path hot() const { return folder_.path() / "day" / "2026-11-22"; }
    /// The volume goes away, and comes back.
    void unmount() {
        store_.reset();
        fs::rename(options_.cold_path, cold_.path() / "away");
        open();
    }
    void mount() {
        store_.reset();
        fs::rename(cold_.path() / "away", options_.cold_path);
        open();
    }
    TemporaryFolder cold_;
};

TEST_F(ColdTest, AMovedDayIsFoundProvenAndDroppedAsBefore) {
    store_random(3000, 51);
    seal();
    const auto all = scan();
    std::mt19937 random(52);
    const event::QueryPlan plan = random_plan(random);
    const auto found = ask(plan);
    EXPECT_EQ(store_->place(kColdDay), Place::here);
    move();
    EXPECT_EQ(store_->place(kColdDay), Place::cold);
    EXPECT_TRUE(fs::is_symlink(hot()));
    EXPECT_TRUE(fs::exists(copies() / "2026-11-22" / "CURRENT"));
    EXPECT_TRUE(fs::is_empty(folder_.path() / "trash")) << "nothing of it is left here";
    EXPECT_EQ(scan(), all);
    EXPECT_EQ(ask(plan), found);
    expect_proven();
    move();
    open();
    EXPECT_EQ(scan(), all);
    ASSERT_TRUE(append_one("late", samples::kStart + 5));
    seal();
    EXPECT_EQ(scan().size(), all.size() + 1);
    open();
    EXPECT_EQ(scan().size(), all.size() + 1) << "late events are written there";
    expect_proven();
    ASSERT_TRUE(store_->events().drop(kColdDay, test_order));
    EXPECT_FALSE(fs::exists(fs::symlink_status(hot())));
    EXPECT_FALSE(fs::exists(copies() / "2026-11-22"));
    const auto report = store_->verify();
    ASSERT_TRUE(report);
    EXPECT_EQ(report->first_bad_seq, 0U) << report->problem;
}

TEST_F(ColdTest, WithoutTheVolumeTheResultIsPartial) {
    ASSERT_TRUE(append_one("old", samples::kStart));
    seal();
    ASSERT_TRUE(append_one("new", samples::kStart + common::kDay));
    move();
    unmount();
    EXPECT_EQ(store_->place(kColdDay), Place::unreachable);
    std::vector<std::string> lines;
    const auto stats = store_->events().query({}, [&lines](const event::StoredEvent& event) {
        lines.emplace_back(event.raw);
        return true;
    });
    ASSERT_TRUE(stats) << stats.error().message();
    EXPECT_THAT(lines, ElementsAre("new"));
    EXPECT_EQ(stats->blocks_unreachable, 1U);
    EXPECT_EQ(store_->events().scan(0, kAlways.second, [](const auto&) { return true; }).error(),
              std::errc::no_such_device);
    ASSERT_TRUE(append_one("late", samples::kStart + 1));
    ASSERT_TRUE(append_one("later", samples::kStart + common::kDay + 1));
    seal();
    EXPECT_EQ(query({}).size(), 3U) << "late events wait in the journal, others are sealed";
    mount();
    EXPECT_THAT(everything(), testing::UnorderedElementsAre("old", "new", "late", "later"));
    expect_proven();
}

TEST_F(ColdTest, ADayDroppedWithoutItsVolumeGoesThereLater) {
    ASSERT_TRUE(append_one("old", samples::kStart));
    seal();
    move();
    unmount();
    ASSERT_TRUE(store_->events().drop(kColdDay, test_order));
    EXPECT_THAT(everything(), IsEmpty());
    mount();
    EXPECT_FALSE(fs::exists(copies() / "2026-11-22"));
    EXPECT_THAT(everything(), IsEmpty());
    expect_proven(1);
}

TEST_F(ColdTest, ACrashBeforeTheSwitchLeavesTheDayHere) {
    ASSERT_TRUE(append_one("old", samples::kStart));
    seal();
    store_.reset();
    fs::create_directories(copies() / ".2026-11-22.new");
    std::ofstream(copies() / ".2026-11-22.new" / "000009.sst") << "half";
    fs::create_directories(copies() / "2026-11-22");
    std::ofstream(copies() / "2026-11-22" / "CURRENT") << "copied, not switched";
    fs::create_directory_symlink(copies() / "2026-11-22", hot().string() + ".moving");
    open();
    EXPECT_TRUE(fs::is_empty(copies()));
    EXPECT_FALSE(fs::exists(fs::symlink_status(hot().string() + ".moving")));
    EXPECT_THAT(everything(), ElementsAre("old"));
    move();
    EXPECT_THAT(everything(), ElementsAre("old"));
    expect_proven();
}

TEST_F(ColdTest, ACrashAfterTheSwitchLeavesTheDayThere) {
    ASSERT_TRUE(append_one("old", samples::kStart));
    seal();
    store_.reset();
    fs::copy(hot(), cold_.path() / "before");
    open();
    move();
    store_.reset();
    fs::rename(cold_.path() / "before", hot().string() + ".moving");
    open();
    EXPECT_FALSE(fs::exists(hot().string() + ".moving"));
    EXPECT_EQ(store_->place(kColdDay), Place::cold);
    EXPECT_THAT(everything(), ElementsAre("old"));
}

TEST_F(ColdTest, ASwitchWhoseVolumeWentAwayIsTakenBack) {
    ASSERT_TRUE(append_one("old", samples::kStart));
    seal();
    store_.reset();
    fs::copy(hot(), cold_.path() / "before");
    open();
    move();
    store_.reset();
    fs::rename(cold_.path() / "before", hot().string() + ".moving");
    unmount();
    EXPECT_EQ(store_->place(kColdDay), Place::here);
    EXPECT_THAT(everything(), ElementsAre("old"));
    expect_proven();
}

TEST_F(ColdTest, AVolumeThatIsNoFolderLeavesTheDayHere) {
    ASSERT_TRUE(append_one("old", samples::kStart));
    seal();
    store_.reset();
    fs::remove_all(options_.cold_path);
    std::ofstream(options_.cold_path) << "a file, not a folder";
    open();
    EXPECT_FALSE(store_->move_to_cold(kColdDay));
    EXPECT_EQ(store_->place(kColdDay), Place::here);
    EXPECT_THAT(everything(), ElementsAre("old"));
}

TEST_F(ColdTest, TheHousekeeperMovesDaysWhenTheirTimeHasCome) {
    HousekeeperOptions house;
    house.doubt = std::chrono::seconds(0);
    house.cold_after_days = 30;
    for (int day = 0; day < 3; ++day) {
        ASSERT_TRUE(append_one("day " + std::to_string(day), samples::kStart + day * common::kDay));
        seal();
    }
    const auto look = [&] { Housekeeper(*store_, clock_, *metrics_, logger_, house).step(); };
    clock_.set(samples::kStart + 31 * common::kDay - 1);
    look();
    EXPECT_EQ(store_->place(kColdDay), Place::here);
    clock_.set(samples::kStart + 32 * common::kDay);
    look();
    EXPECT_EQ(store_->place(kColdDay), Place::cold) << "the oldest first, one a look";
    EXPECT_EQ(store_->place(kColdDay + 1), Place::here);
    look();
    EXPECT_EQ(store_->place(kColdDay + 1), Place::cold);
    look();
    EXPECT_EQ(store_->place(kColdDay + 2), Place::here);
    EXPECT_THAT(metrics_->text(), HasSubstr("canhgac_store_cold_moved_days_total 2\n"));
    EXPECT_EQ(everything().size(), 3U);
    house.drop_oldest = true;
    house.space = [] { return std::pair<std::uint64_t, std::uint64_t>{1000 * common::kMiB, common::kMiB}; };
    look();
    EXPECT_EQ(everything().size(), 2U) << "forgetting what is elsewhere makes no room";
    EXPECT_EQ(store_->place(kColdDay + 2), Place::nowhere);
    look();
    EXPECT_EQ(everything().size(), 2U);
    unmount();
    look();
    EXPECT_THAT(metrics_->text(), HasSubstr("canhgac_store_cold_unreachable_days 2\n"));
}

} // namespace
} // namespace canhgac::storage
