// What the addon keeps for each environment (main thread or worker).
#pragma once

#include <node_api.h>

namespace efir {

struct AddonData {
  napi_ref error_class = nullptr;
};

napi_value define_datapath_class(napi_env env);
napi_value run_yardstick(napi_env env, napi_callback_info info);
napi_value make_vectors(napi_env env);

}  // namespace efir
