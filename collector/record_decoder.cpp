#include "collector/record_decoder.hpp"

#include "collector/decoders/bulk_action.hpp"
#include "collector/decoders/event_draft.hpp"
#include "collector/decoders/line_decoder.hpp"
#include "collector/decoders/source_cache.hpp"
#include "collector/decoders/utf8_repair.hpp"

namespace canhgac::collector {

namespace {

namespace field = event::field;
namespace flag = event::flag;

constexpr std::string_view kFramingFailed = "protocol: the record could not be told apart";

} // namespace

class RecordDecoder::Worker {
public:
    Worker(event::FieldTable& fields, const PeerTable& peers, event::SourceRegistry* sources, DecoderOptions options)
        : peers_(peers), options_(options), names_(fields), tree_(names_), draft_(names_, tree_),
          sources_(peers, sources) {}

    void decode(const event::RecordBatch& in, event::EventBatch& out, std::vector<std::uint64_t>& keys) {
        last_source_ = nullptr; // its text was in the arena of another batch
        for (const event::Record& record : in.records) {
            const PeerInfo& peer = peers_.info(record.peer);
            event::Event& event = draft_.begin(out, in.received, peer.zone_offset_seconds,
                                               options_.trust_logsource || peer.trusted_logsource);
            event.raw = in.text(record);
            draft_.set_flag(record.flags);
            keys.push_back(read(in, record, peer));
            event.source = add_receiver_fields(record.peer, peer, in.received);
            if (peer.trusted_hosts) { draft_.set_flag(flag::kTrustedHosts); }
            set_time_flags(in);
            draft_.finish();
        }
    }

private:
    /// Fills the draft; returns the de-duplication key.
    std::uint64_t read(const event::RecordBatch& in, const event::Record& record, const PeerInfo& peer) {
        const std::string_view text = in.text(record);
        if ((record.flags & flag::kUnparsed) != 0) {
            bool repaired = false;
            draft_.set_unparsed(valid_utf8(text, draft_.arena(), repaired), kFramingFailed);
            if (repaired) { draft_.set_flag(flag::kRepaired); }
            return 0;
        }
        switch (in.protocol) {
        case event::Protocol::elastic_bulk:
            return read_bulk_item(in, record, text, peer);
        case event::Protocol::file:
            decode_file_record(text, draft_);
            return 0;
        case event::Protocol::syslog_udp:
        case event::Protocol::syslog_tcp:
        case event::Protocol::syslog_tls:
            decode_syslog_record(text, draft_);
            return 0;
        }
        return 0;
    }

    std::uint64_t read_bulk_item(const event::RecordBatch& in, const event::Record& record, std::string_view text,
                                 const PeerInfo& peer) {
        bool repaired = false;
        const std::string_view meta = valid_utf8(in.meta(record), draft_.arena(), repaired);
        const auto action = parse_bulk_action(meta, draft_.arena());
        const bool update = action && action->verb == BulkVerb::update;
        decode_json_record(text, update ? NameTree::kUpdate : NameTree::kRoot, options_.decode_inner_message, draft_);
        if (action && action->verb == BulkVerb::remove) {
            if (!draft_.has(field::kAction)) { draft_.add(field::kAction, "delete"); }
        }
        const std::string_view raw = in.text(record);
        if (action && !action->id.empty()) {
            return document_key({peer.name, action->index, action->id, update ? "update" : ""}, raw);
        }
        const Noted* agent = draft_.noted(Role::agent_id);
        const Noted* number = draft_.noted(Role::record_id);
        const Noted* path = draft_.noted(Role::log_path);
        if (number == nullptr && path != nullptr) { number = draft_.noted(Role::log_offset); }
        if (agent == nullptr || number == nullptr) { return 0; }
        return document_key({peer.name, agent->text, number->text, path == nullptr ? "" : path->text}, raw);
    }

    event::SourceId add_receiver_fields(event::PeerId id, const PeerInfo& peer, common::Nanos now) {
        const CachedSource& source = sources_.find(id, draft_.envelope(field::kHostName), now);
        if (last_source_ != &source) {
            last_source_ = &source;
            last_source_name_ = draft_.arena().copy(source.ledger_name);
        }
        draft_.add(field::kLogSource, last_source_name_);
        if (!peer.organization.empty()) { draft_.add(field::kOrganizationName, peer.organization); }
        if (!peer.service.empty()) { draft_.add(field::kServiceName, peer.service); }
        if (!peer.level.empty()) { draft_.add(field::kAssetLevel, peer.level, event::ValueType::integer); }
        if (!peer.subject.empty()) { draft_.add(field::kPeerSubject, peer.subject); }
        return source.id;
    }

    void set_time_flags(const event::RecordBatch& in) {
        if (draft_.time_rank() == TimeRank::none) {
            draft_.set_flag(flag::kTimeGuessed);
            return;
        }
        if (in.protocol == event::Protocol::file) { return; }
        common::Nanos ahead = 0; // a stamp may lie centuries away
        const bool too_far = __builtin_sub_overflow(draft_.time(), in.received, &ahead);
        if (too_far || ahead > options_.skew_limit || ahead < -options_.skew_limit) {
            draft_.set_flag(flag::kTimeSkewed);
        }
    }

    const PeerTable& peers_;
    DecoderOptions options_;
    event::FieldCache names_;
    NameTree tree_;
    EventDraft draft_;
    SourceCache sources_;
    const CachedSource* last_source_ = nullptr;
    std::string_view last_source_name_; ///< in the arena of the batch being filled
};

RecordDecoder::RecordDecoder(event::FieldTable& fields, const PeerTable& peers, event::SourceRegistry* sources,
                             DecoderOptions options)
    : worker_(std::make_unique<Worker>(fields, peers, sources, options)) {}

RecordDecoder::~RecordDecoder() = default;

void RecordDecoder::decode(const event::RecordBatch& in, event::EventBatch& out, std::vector<std::uint64_t>& keys) {
    worker_->decode(in, out, keys);
}

} // namespace canhgac::collector
