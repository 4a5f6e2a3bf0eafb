package demo;

public final class App {
    private App() {}

    static int twice(int n) {
        return 2 * n;
    }

    static String greeting(String name) {
        return "hello " + name;
    }

    public static void main(String[] args) throws InterruptedException {
        System.out.println("it serves nothing");
        Thread.currentThread().join();
    }
}
