{
  "targets": [
    {
      "target_name": "efir_datapath",
      "sources": [
        "native/addon.cc",
        "native/binding.cc",
        "native/certificate.cc",
        "native/dtls.cc",
        "native/dtls_records.cc",
        "native/gcm.cc",
        "native/gcm_aesni.cc",
        "native/gcm_vaes.cc",
        "native/loop.cc",
        "native/methods.cc",
        "native/napi_tools.cc",
        "native/peers.cc",
        "native/rx.cc",
        "native/srtp.cc",
        "native/srtp_kdf.cc",
        "native/tx.cc",
        "native/tx_batch.cc",
        "native/udp.cc",
        "native/vectors.cc",
        "native/yardstick.cc"
      ],
      # OpenSSL and libuv are the ones inside Node: their headers lie beside it, nothing is linked.
      "defines": ["NAPI_VERSION=8", "OPENSSL_SUPPRESS_DEPRECATED", "__STDC_FORMAT_MACROS"],
      "cflags": ["-O3", "-Wall", "-Wextra", "-fvisibility=hidden"],
      "cflags_cc": ["-std=c++17"],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20"],
      "conditions": [["OS=='mac'", {"defines": ["__APPLE_USE_RFC_3542"]}]],
      "xcode_settings": {
        "CLANG_CXX_LANGUAGE_STANDARD": "c++17",
        "GCC_OPTIMIZATION_LEVEL": "3",
        "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
        "MACOSX_DEPLOYMENT_TARGET": "11.0"
      }
    }
  ]
}
