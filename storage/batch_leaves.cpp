#include "storage/batch_leaves.hpp"

#include "storage/coding.hpp"
#include "storage/prepared.hpp"

namespace canhgac::storage {

namespace {

auto no_leaves() {
    return common::fail(std::make_error_code(std::errc::bad_message));
}

} // namespace

common::Result<std::vector<Digest>, std::error_code> BatchLeaves::of(std::uint64_t seq, ChainRecord& record) {
    std::string key;
    append_key(key, seq);
    const auto get = [this](Family family, const std::string& at) { return db_->get(family, at, snapshot_->get()); };
    const auto chain = get(Family::chain, key);
    if (!chain) { return common::fail(chain.error()); }
    const auto decoded = *chain ? decode_chain(seq, **chain) : std::nullopt;
    if (!decoded) { return no_leaves(); }
    record = *decoded;
    const auto block = get(Family::mb, to_key({day_of(record.max_time), 0, seq}));
    if (!block) { return common::fail(block.error()); }
    common::Result<std::vector<Digest>, std::error_code> leaves;
    if (*block) {
        leaves = of_micro_block(**block);
    } else {
        const auto value = get(Family::sealed, key);
        if (!value) { return common::fail(value.error()); }
        const auto batch = *value ? decode_sealed_batch(**value) : std::nullopt;
        if (!batch) { return no_leaves(); }
        VerifyReport ignored;
        const auto problem = sealed_.gather(record, *batch, ignored);
        if (!problem) { return common::fail(problem.error()); }
        if (!problem->empty()) { return no_leaves(); }
        leaves = sealed_.leaves();
    }
    if (!leaves) { return leaves; }
    std::vector<Digest> level = *leaves;
    if (level.size() != record.rows || merkle_root(hash_, level) != record.root) { return no_leaves(); }
    return leaves;
}

common::Result<std::vector<Digest>, std::error_code> BatchLeaves::of_micro_block(std::string_view value) {
    const auto stored = decode_stored_block(value);
    if (!stored || !reader_.open(stored->block)) { return no_leaves(); }
    std::vector<Digest> leaves;
    BlockRow row;
    while (reader_.next(row)) {
        leaves.push_back(leaf_hash(hash_, row.index, row.received, static_cast<std::uint32_t>(row.source), row.raw));
    }
    if (reader_.failed()) { return no_leaves(); }
    return leaves;
}

} // namespace canhgac::storage
