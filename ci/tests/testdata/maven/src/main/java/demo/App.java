package demo;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;

public final class App {
    private App() {}

    static int twice(int n) {
        return 2 * n;
    }

    static String greeting(String name) {
        return "hello " + name;
    }

    public static void main(String[] args) throws IOException {
        var server = HttpServer.create(new InetSocketAddress(8080), 0);
        server.createContext("/health/ready", exchange -> {
            byte[] answer = "ready\n".getBytes();
            exchange.sendResponseHeaders(200, answer.length);
            try (var body = exchange.getResponseBody()) {
                body.write(answer);
            }
        });
        server.start();
    }
}
