// Reading arguments and making values, with one way of failing: a pending exception of DatapathError and false.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <string>

namespace efir {

/// Throws `DatapathError` (the class that TypeScript handed over) with `code` and a sentence.
void throw_error(napi_env env, const char* code, const std::string& message);

struct Bytes {
  uint8_t* data = nullptr;
  size_t length = 0;
};

bool get_u32(napi_env env, napi_value value, uint32_t* out);
bool get_string(napi_env env, napi_value value, std::string* out);
/// A Uint8Array (or Buffer).
bool get_bytes(napi_env env, napi_value value, Bytes* out);

/// False when the property is missing or undefined.
bool has_property(napi_env env, napi_value object, const char* name, napi_value* value);
/// Leaves `out` alone when the property is missing; throws when it isn't an integer from `low` to `high`.
bool option_u32(napi_env env, napi_value object, const char* name, uint32_t low, uint32_t high, uint32_t* out);

napi_value make_number(napi_env env, double value);
napi_value make_string(napi_env env, const std::string& value);
void set_property(napi_env env, napi_value object, const char* name, napi_value value);

}  // namespace efir
