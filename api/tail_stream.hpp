/// GET /api/v1/tail: what a query finds in events as they become durable, as Server-Sent Events (WHATWG HTML, section
/// 9.2). One thread of low priority serves every client from the store.
///
///   event: columns       once, before the rows, if the query makes a table
///   id: BATCH.ROW        the event's place in the store; give it back as Last-Event-ID to go on behind it
///   event: row
///   data: {...}          result_rows.hpp; an event gives all its rows or none
///   event: lag           {"batches":N,"seconds":S}: this client has been behind for S seconds; 0 and 0: no longer
///   event: end           {"stats":{"rows":N}}: the query wants no more (take)
///   event: problem       {"error":{...}}: the query or the store failed
///
/// A client is a place in the store: a slow one is behind, holds nothing but its buffer of 1 MiB and the rows of one
/// event, and misses nothing. An id alone, with a comment, comes every 15 seconds when there is nothing else.
#pragma once

#include <cstddef>
#include <memory>

#include "api/api_server.hpp"
#include "api/services.hpp"
#include "net/http_server.hpp"

namespace canhgac::api {

class TailStream {
public:
    /// `services` outlive it.
    TailStream(const Services& services, const ApiLimits& limits);
    ~TailStream(); ///< stop()
    TailStream(const TailStream&) = delete;
    TailStream& operator=(const TailStream&) = delete;

    /// Answers the request (?q=, Last-Event-ID) with a stream; 400 for a query that cannot be followed, 503 when there
    /// are too many. Reads alerts and rules: not for I/O threads. Thread safe.
    void add(std::shared_ptr<net::HttpExchange> exchange);
    [[nodiscard]] std::size_t clients() const noexcept;
    /// Ends the streams, joins. A second call does nothing.
    void stop();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace canhgac::api
