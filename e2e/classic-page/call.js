// A client of the classic rooms protocol, written from its list of events and nothing else:
// index.html?server=http://localhost:3000&room=<UUID v4>
const query = new URLSearchParams(location.search);
const room = query.get('room');
const socket = io(query.get('server'), { transports: ['websocket'] });
const connections = {};
const iceServers = [];

/** For the test to read. */
window.call = { socket, connections, heard: [] };

socket.onAny((event, payload) => window.call.heard.push({ event, payload }));

function show(id, stream, muted) {
  let video = document.getElementById(id);
  if (!video) {
    video = document.createElement('video');
    video.id = id;
    video.autoplay = true;
    video.playsInline = true;
    video.muted = muted;
    document.getElementById('videos').append(video);
  }
  video.srcObject = stream;
}

socket.on('share-rooms', ({ rooms }) => {
  const items = rooms.map((id) => {
    const item = document.createElement('li');
    item.textContent = id;
    return item;
  });
  document.getElementById('rooms').replaceChildren(...items);
});

async function start() {
  const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 320, height: 180 } });
  show('local', media, true);

  socket.on('add-peer', async ({ peerID, createOffer }) => {
    if (peerID in connections) return;
    const connection = new RTCPeerConnection({ iceServers });
    connections[peerID] = connection;
    connection.onicecandidate = ({ candidate }) => {
      if (candidate) socket.emit('relay-ice', { peerID, iceCandidate: candidate });
    };
    connection.ontrack = ({ streams: [stream] }) => show(peerID, stream, false);
    for (const track of media.getTracks()) connection.addTrack(track, media);
    if (createOffer) {
      const offer = await connection.createOffer();
      await connection.setLocalDescription(offer);
      socket.emit('relay-sdp', { peerID, sessionDescription: offer });
    }
  });

  socket.on('session-description', async ({ peerID, sessionDescription }) => {
    const connection = connections[peerID];
    await connection?.setRemoteDescription(new RTCSessionDescription(sessionDescription));
    if (connection && sessionDescription.type === 'offer') {
      const answer = await connection.createAnswer();
      await connection.setLocalDescription(answer);
      socket.emit('relay-sdp', { peerID, sessionDescription: answer });
    }
  });

  socket.on('ice-candidate', ({ peerID, iceCandidate }) => {
    connections[peerID]?.addIceCandidate(new RTCIceCandidate(iceCandidate));
  });

  socket.on('remove-peer', ({ peerID }) => {
    connections[peerID]?.close();
    delete connections[peerID];
    document.getElementById(peerID)?.remove();
  });

  socket.emit('join', { room });
}

start();
