/// Evidence: the way from an event to a signed head, in the journal and in segments.
#include "storage/evidence.hpp"

#include "storage/chain.hpp"
#include "storage/zone_record.hpp"
#include "tests/unit/storage/seal_fixture.hpp"

namespace canhgac::storage {
namespace {

class EvidenceTest : public SealTest {
protected:
    struct Row {
        event::EventId id;
        Digest leaf;
    };
    std::vector<Row> rows() {
        std::vector<Row> found;
        Sha256 hash;
        const auto stats = store_->events().scan(kAlways.first, kAlways.second, [&](const event::StoredEvent& event) {
            found.push_back({event.id, leaf_hash(hash, event.id.index, event.received,
                                                 static_cast<std::uint32_t>(event.source), event.raw)});
            return true;
        });
        EXPECT_TRUE(stats);
        return found;
    }
    /// Every stored event has a path to the root of its record, as a third party computes it.
    void expect_paths(std::size_t events) {
        const std::vector<Row> all = rows();
        EXPECT_EQ(all.size(), events);
        std::vector<std::uint64_t> batches;
        for (const Row& row : all) {
            if (batches.empty() || batches.back() != row.id.seq) { batches.push_back(row.id.seq); }
        }
        auto next = all.begin();
        const auto done = store_->evidence(batches, [&](const BatchEvidence& batch) {
            for (; next != all.end() && next->id.seq == batch.record.seq; ++next) {
                expect_path(*next, batch);
            }
            return true;
        });
        ASSERT_TRUE(done) << done.error().problem;
        EXPECT_TRUE(next == all.end());
    }
    static void expect_path(const Row& row, const BatchEvidence& batch) {
        Sha256 hash;
        Digest node = row.leaf;
        for (const MerkleStep& step : merkle_path(batch.leaves, row.id.index)) {
            ASSERT_LT(step.position, step.nodes.size());
            ASSERT_LE(step.nodes.size(), kMerkleArity);
            ASSERT_EQ(step.nodes[step.position], node) << row.id.seq << "." << row.id.index;
            std::string text("\x01", 1);
            for (const Digest& each : step.nodes) {
                text += bytes_of(each);
            }
            node = hash.of(text);
        }
        ASSERT_EQ(node, batch.record.root) << row.id.seq << "." << row.id.index;
    }
};

TEST(MerklePath, LeadsFromEveryLeafToTheRootWhateverTheirNumber) {
    Sha256 hash;
    for (const std::uint32_t count : {1U, 2U, 15U, 16U, 17U, 255U, 256U, 257U, 4096U}) {
        std::vector<Digest> leaves;
        for (std::uint32_t i = 0; i < count; ++i) {
            leaves.push_back(leaf_hash(hash, i, 0, 0, "x"));
        }
        std::vector<Digest> copy = leaves;
        const Digest root = merkle_root(hash, copy);
        for (std::uint32_t row = 0; row < count; row += 1 + count / 50) {
            Digest node = leaves[row];
            for (const MerkleStep& step : merkle_path(leaves, row)) {
                ASSERT_EQ(step.nodes.at(step.position), node);
                std::string text("\x01", 1);
                for (const Digest& each : step.nodes) {
                    text += bytes_of(each);
                }
                node = hash.of(text);
            }
            ASSERT_EQ(node, root) << row << " of " << count;
        }
    }
}

TEST_F(EvidenceTest, IsTheSameBeforeAndAfterSealing) {
    store_random(1'500, 3);
    const std::size_t stored = rows().size();
    expect_paths(stored);
    seal();
    expect_paths(stored);
    ASSERT_TRUE(append_one("in the journal"));
    expect_paths(stored + 1);
    ASSERT_TRUE(store_->events().drop(day_of(samples::kStart), test_order));
    expect_paths(rows().size()); // batches of several days keep the leaves of the rows that are gone
}

TEST_F(EvidenceTest, LeadsToASignedHead) {
    for (int i = 0; i < 6; ++i) {
        ASSERT_TRUE(append_one("line " + std::to_string(i)));
        clock_.advance(common::kSecond / 3);
    }
    for (std::uint64_t seq = 1; seq <= 4; ++seq) {
        const auto links = store_->links_to_signature(seq);
        ASSERT_TRUE(links);
        ASSERT_FALSE(links->empty());
        Sha256 hash;
        Digest previous = links->front().record.previous;
        for (const ChainLink& link : *links) {
            EXPECT_EQ(link.record.previous, previous);
            EXPECT_EQ(chain_head(hash, link.record), link.record.head);
            previous = link.record.head;
        }
        ASSERT_TRUE(links->back().head);
        EXPECT_EQ(links->back().head->head, links->back().record.head);
        EXPECT_TRUE(store_->signer().verify(*links->back().head));
    }
    EXPECT_TRUE(store_->links_to_signature(7)->empty()) << "there is no such batch";
}

TEST_F(EvidenceTest, ABatchThatDoesNotHoldIsNamed) {
    ASSERT_TRUE(append_one("one"));
    ASSERT_TRUE(append_one("two"));
    store_.reset();
    {
        JournalDb db(folder_.path(), options_, logger_);
        const std::string key = to_key({day_of(samples::kStart), 0, 2});
        ASSERT_TRUE(db.db().Delete({}, db.family(Family::mb), key).ok());
    }
    open();
    const std::vector<std::uint64_t> batches = {1, 2};
    std::size_t seen = 0;
    const auto done = store_->evidence(batches, [&seen](const BatchEvidence&) {
        ++seen;
        return true;
    });
    ASSERT_FALSE(done);
    EXPECT_EQ(seen, 1U);
    EXPECT_EQ(done.error().batch, 2U);
    EXPECT_EQ(done.error().problem, "its events are missing");
}

} // namespace
} // namespace canhgac::storage
