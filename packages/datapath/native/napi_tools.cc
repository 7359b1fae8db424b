#include "napi_tools.h"

#include "addon.h"

namespace efir {

void throw_error(napi_env env, const char* code, const std::string& message) {
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (pending) return;
  void* data = nullptr;
  napi_get_instance_data(env, &data);
  auto* addon = static_cast<AddonData*>(data);
  napi_value args[2] = {make_string(env, code), make_string(env, message)};
  napi_value constructor = nullptr, error = nullptr;
  if (addon && addon->error_class && napi_get_reference_value(env, addon->error_class, &constructor) == napi_ok &&
      constructor && napi_new_instance(env, constructor, 2, args, &error) == napi_ok) {
    napi_throw(env, error);
  } else {
    napi_throw_error(env, code, message.c_str());
  }
}

bool get_u32(napi_env env, napi_value value, uint32_t* out) { return napi_get_value_uint32(env, value, out) == napi_ok; }

bool get_string(napi_env env, napi_value value, std::string* out) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok || length > 65536) return false;
  out->resize(length + 1);
  if (napi_get_value_string_utf8(env, value, &(*out)[0], length + 1, &length) != napi_ok) return false;
  out->resize(length);
  return true;
}

bool get_bytes(napi_env env, napi_value value, Bytes* out) {
  bool is_typed = false;
  if (napi_is_typedarray(env, value, &is_typed) != napi_ok || !is_typed) return false;
  napi_typedarray_type type;
  void* data = nullptr;
  if (napi_get_typedarray_info(env, value, &type, &out->length, &data, nullptr, nullptr) != napi_ok) return false;
  if (type != napi_uint8_array) return false;
  out->data = static_cast<uint8_t*>(data);
  return true;
}

bool has_property(napi_env env, napi_value object, const char* name, napi_value* value) {
  napi_valuetype type = napi_undefined;
  if (napi_typeof(env, object, &type) != napi_ok || type != napi_object) return false;
  if (napi_get_named_property(env, object, name, value) != napi_ok) return false;
  return napi_typeof(env, *value, &type) == napi_ok && type != napi_undefined && type != napi_null;
}

bool option_u32(napi_env env, napi_value object, const char* name, uint32_t low, uint32_t high, uint32_t* out) {
  napi_value value;
  if (!has_property(env, object, name, &value)) return true;
  double number = 0;
  if (napi_get_value_double(env, value, &number) != napi_ok || !(number >= low && number <= high) ||
      number != double(uint32_t(number))) {
    throw_error(env, "ERR_OPTION",
                std::string("`") + name + "` must be an integer from " + std::to_string(low) + " to " +
                    std::to_string(high));
    return false;
  }
  *out = uint32_t(number);
  return true;
}

napi_value make_number(napi_env env, double value) {
  napi_value out = nullptr;
  napi_create_double(env, value, &out);
  return out;
}

napi_value make_string(napi_env env, const std::string& value) {
  napi_value out = nullptr;
  napi_create_string_utf8(env, value.data(), value.size(), &out);
  return out;
}

void set_property(napi_env env, napi_value object, const char* name, napi_value value) {
  napi_set_named_property(env, object, name, value);
}

}  // namespace efir
