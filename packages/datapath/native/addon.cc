// The addon's entry: `init(DatapathError)` gives what the TypeScript face wraps. No globals: each environment its own.
#include "addon.h"

#include "napi_tools.h"

namespace efir {

namespace {

napi_value use_error_class(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value argv[1];
  void* data = nullptr;
  if (napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr) != napi_ok || argc < 1) return nullptr;
  napi_get_instance_data(env, &data);
  auto* addon = static_cast<AddonData*>(data);
  if (addon->error_class) napi_delete_reference(env, addon->error_class);
  addon->error_class = nullptr;
  napi_create_reference(env, argv[0], 1, &addon->error_class);
  return nullptr;
}

void add_function(napi_env env, napi_value exports, const char* name, napi_callback callback) {
  napi_value function = nullptr;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function);
  set_property(env, exports, name, function);
}

}  // namespace

}  // namespace efir

NAPI_MODULE_INIT() {
  auto* addon = new efir::AddonData();
  napi_set_instance_data(
      env, addon,
      [](napi_env napi, void* data, void*) {
        auto* self = static_cast<efir::AddonData*>(data);
        if (self->error_class) napi_delete_reference(napi, self->error_class);
        delete self;
      },
      nullptr);
  efir::set_property(env, exports, "Datapath", efir::define_datapath_class(env));
  efir::add_function(env, exports, "useErrorClass", efir::use_error_class);
  efir::add_function(env, exports, "runYardstick", efir::run_yardstick);
  efir::set_property(env, exports, "__vectors", efir::make_vectors(env));
  return exports;
}
