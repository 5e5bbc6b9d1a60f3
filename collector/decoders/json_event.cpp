#include "collector/decoders/json_event.hpp"

#include <array>

namespace canhgac::collector {

namespace {

/// One open object or array.
struct Frame {
    NodeId node;
    bool is_array;
    KeyContext context;
    NameEdge* edge;  ///< array: the edge its values belong to; object: the member read last
    NameEdge* guess; ///< object: the member that is likely to come next; fetched while the value before it is read
};

class JsonReader {
public:
    JsonReader(std::string_view text, EventDraft& draft) noexcept
        : begin_(text.data()), p_(text.data()), end_(text.data() + text.size()), draft_(draft) {}

    common::Result<void, JsonError> read(NodeId start) {
        skip_space();
        if (p_ == end_ || *p_ != '{') { return fail(JsonErrc::not_an_object); }
        ++p_;
        open_object(0, start);
        depth_ = 1;
        JsonErrc error = at_object_start();
        while (depth_ != 0 && error == JsonErrc::none) {
            error = read_value();
            if (error == JsonErrc::none) { error = after_value(); }
        }
        if (error == JsonErrc::none) {
            skip_space();
            while (p_ != end_ && *p_ == '\0') {
                ++p_;
            }
            if (p_ != end_) { error = JsonErrc::trailing_content; }
        }
        if (strings_.broken) { return fail(JsonErrc::broken_utf8); }
        if (error != JsonErrc::none) { return fail(error); }
        if (strings_.repaired) { draft_.set_flag(event::flag::kRepaired); }
        return {};
    }

private:
    [[nodiscard]] tl::unexpected<JsonError> fail(JsonErrc code) const noexcept {
        return common::fail(JsonError{code, static_cast<std::uint32_t>(p_ - begin_)});
    }

    void skip_space() noexcept {
        if (p_ != end_ && static_cast<unsigned char>(*p_) <= ' ') { p_ = skip_json_space(p_, end_); }
    }

    /// Behind '{' or the comma of an object: reads the name and the colon into frames_[depth_ - 1].edge.
    [[nodiscard]] JsonErrc read_key() {
        skip_space();
        if (p_ == end_) { return JsonErrc::truncated; }
        if (*p_ != '"') { return JsonErrc::expected_key; }
        ++p_;
        Frame& frame = frames_[depth_ - 1];
        NameEdge* edge = frame.guess;
        if (edge != nullptr && edge->node == frame.node && same_key(*edge, p_, end_)) [[likely]] {
            p_ += edge->key.size() + 1;
        } else {
            std::string_view key;
            if (!read_json_string(p_, end_, key, draft_.arena(), strings_)) { return JsonErrc::truncated; }
            if (strings_.broken) { return JsonErrc::broken_utf8; } // no such name may enter the tree
            edge = &draft_.tree().find(frame.node, key, depth_);
            draft_.tree().learn(frame.context, *edge);
        }
        frame.edge = edge;
        frame.context.follow(*edge);
        foresee(frame);
        skip_space();
        if (p_ == end_) { return JsonErrc::truncated; }
        if (*p_ != ':') { return JsonErrc::expected_colon; }
        ++p_;
        return JsonErrc::none;
    }

    void open_object(std::size_t depth, NodeId node) noexcept {
        frames_[depth] = {node, false, KeyContext(node), nullptr, nullptr};
        foresee(frames_[depth]);
    }
    void foresee(Frame& frame) const noexcept {
        frame.guess = draft_.tree().guess_unchecked(frame.context);
        __builtin_prefetch(frame.guess);
    }

    /// Behind the first '{': reads the first key, or closes the empty object.
    [[nodiscard]] JsonErrc at_object_start() {
        skip_space();
        if (p_ != end_ && *p_ == '}') {
            ++p_;
            --depth_;
            return JsonErrc::none;
        }
        return read_key();
    }

    /// Reads a value; an opened object or array is entered until a scalar was read or an empty one closed.
    [[nodiscard]] JsonErrc read_value() {
        for (;;) {
            skip_space();
            if (p_ == end_) { return JsonErrc::truncated; }
            NameEdge& edge = *frames_[depth_ - 1].edge;
            if (*p_ == '"') {
                ++p_;
                std::string_view text;
                if (!read_json_string(p_, end_, text, draft_.arena(), strings_)) { return JsonErrc::truncated; }
                draft_.add(edge, text);
                return JsonErrc::none;
            }
            if (*p_ != '{' && *p_ != '[') {
                std::string_view text;
                event::ValueType type = event::ValueType::null;
                if (!read_json_scalar(p_, end_, text, type)) { return JsonErrc::bad_value; }
                draft_.add(edge, text, type);
                return JsonErrc::none;
            }
            if (depth_ == kMaxJsonDepth) { return JsonErrc::too_deep; }
            const bool is_array = *p_ == '[';
            ++p_;
            skip_space();
            if (p_ == end_) { return JsonErrc::truncated; }
            if (is_array ? *p_ == ']' : *p_ == '}') { // empty: nothing to keep
                ++p_;
                return JsonErrc::none;
            }
            if (is_array) {
                frames_[depth_] = {0, true, KeyContext(), &edge, nullptr};
                ++depth_;
            } else if (const JsonErrc error = enter_object(edge); error != JsonErrc::none) {
                return error;
            }
        }
    }

    [[nodiscard]] JsonErrc enter_object(NameEdge& edge) {
        if (edge.role == Role::system_wrapper) { draft_.note(Role::system_wrapper, {"System", 0}); }
        // An array of objects inside scratch territory re-enters the same edge: its node is made again.
        const NodeId node = draft_.tree().child(edge, depth_);
        open_object(depth_, node);
        ++depth_;
        return read_key();
    }

    /// Behind a value: a comma leads to the next one, brackets close frames. Leaves depth_ 0 at the end of the record.
    [[nodiscard]] JsonErrc after_value() {
        while (depth_ != 0) {
            skip_space();
            if (p_ == end_) { return JsonErrc::truncated; }
            Frame& frame = frames_[depth_ - 1];
            if (*p_ == ',') {
                ++p_;
                return frame.is_array ? JsonErrc::none : read_key();
            }
            if (*p_ != (frame.is_array ? ']' : '}')) { return JsonErrc::expected_comma; }
            ++p_;
            --depth_;
        }
        return JsonErrc::none;
    }

    const char* begin_;
    const char* p_;
    const char* end_;
    EventDraft& draft_;
    StringState strings_;
    std::size_t depth_ = 0;
    std::array<Frame, kMaxJsonDepth> frames_; // not initialised: 1.5 KiB a record would be dear
};

} // namespace

common::Result<void, JsonError> decode_json(std::string_view text, NodeId start, EventDraft& draft) {
    JsonReader reader(text, draft);
    return reader.read(start);
}

} // namespace canhgac::collector
