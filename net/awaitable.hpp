/// How our coroutines wait for Asio: an error is a value of the tuple that co_await yields, never an exception.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace canhgac::net {

inline constexpr auto kTuple = boost::asio::as_tuple(boost::asio::use_awaitable);

} // namespace canhgac::net
