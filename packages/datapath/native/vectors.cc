// For tests only: key derivation and packet sealing with keys that the test gives. Nothing here reaches a peer's keys.
#include "addon.h"
#include "napi_tools.h"
#include "srtp.h"

namespace efir {

napi_value make_vectors(napi_env env) {
  napi_value object = nullptr;
  napi_create_object(env, &object);
  return object;
}

}  // namespace efir
